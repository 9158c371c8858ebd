"""Run by a Python that has django-pyas2: receives over AS2 into one folder, and sends what lies in another.

Its argument is a file of JSON; see `As2Gateway`, which writes it.
"""

from __future__ import annotations

import json
import os
import re
import socketserver
import sys
import threading
import time
from base64 import b64decode
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

# oscrypto 1.3.0 reads OpenSSL's version with one digit for each part of it.
_search = re.search
re.search = lambda pattern, *rest: _search(
    pattern.replace(r"\d\.\d\.\d[", r"\d+\.\d+\.\d+[") if isinstance(pattern, str) else pattern, *rest
)
import oscrypto.asymmetric  # noqa: F401

re.search = _search

import django
from django.conf import settings

SETUP = json.loads(Path(sys.argv[1]).read_text())
FOLDER = Path(sys.argv[1]).parent
DATA = FOLDER / "data"
DATA.mkdir(exist_ok=True)

settings.configure(
    SECRET_KEY=os.urandom(32).hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["pyas2"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "db.sqlite3",
            "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},  # several messages at once wait, none fails
        }
    },
    MEDIA_ROOT=str(DATA),
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    LOGGING={
        "version": 1,
        "handlers": {"log": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["log"], "level": "WARNING"},
    },
)
django.setup()

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from pyas2 import views
from pyas2.models import Message, Organization, Partner, PrivateKey, PublicCertificate
from pyas2lib import Message as As2Message

BETWEEN_LOOKS = 0.1
"""Seconds between two looks at the folder of answers."""

AGAIN = 1.0
"""Seconds until an answer is sent again whose receipt did not come."""


def prepare() -> None:
    """Introduce the two partners to each other."""
    call_command("migrate", verbosity=0)
    key = PrivateKey.objects.create(name="key", key=b64decode(SETUP["key"]), key_pass=SETUP["passphrase"])
    Organization.objects.create(
        name=SETUP["name"],
        as2_name=SETUP["name"],
        encryption_key=key,
        signature_key=key,
        email_address="erp@demo.example",
    )
    certificate = PublicCertificate.objects.create(
        name="theirs", certificate=SETUP["certificate"].encode(), verify_cert=False
    )
    Partner.objects.create(
        name=SETUP["partner"],
        as2_name=SETUP["partner"],
        target_url="http://127.0.0.1/",
        encryption="aes_256_cbc",
        encryption_cert=certificate,
        signature="sha256",
        signature_cert=certificate,
        compress=True,
        content_type="application/json",
        mdn=True,
        mdn_mode="SYNC",
        mdn_sign="sha256",
        keep_filename=True,
    )


def hand_over(_: Message, name: str) -> None:
    """Give the ERP what was received; never over another file, so that it sees whatever came twice."""
    target, number = Path(SETUP["orders"], Path(name).name), 2
    while target.exists():
        target = target.with_name(f"{target.stem}.{number}{target.suffix}")
        number += 1
    Path(DATA, name).rename(target)


views.run_post_receive = hand_over


@csrf_exempt
def answer_to(request: HttpRequest) -> HttpResponse:
    """Learn where the partner takes answers, and begin to send them."""
    Partner.objects.update(target_url=json.loads(request.body)["url"])
    threading.Thread(target=send_for_ever, daemon=True).start()
    return HttpResponse()


def send_for_ever() -> None:
    """Send each answer that lies there until its receipt has come."""
    while True:
        left = [file for file in sorted(Path(SETUP["answers"]).glob("*.json")) if not sent(file)]
        time.sleep(AGAIN if left else BETWEEN_LOOKS)


def sent(file: Path) -> bool:
    """Send one answer; returns whether the partner signed for it."""
    organization, partner = Organization.objects.get(), Partner.objects.get()
    message, content = As2Message(sender=organization.as2org, receiver=partner.as2partner), file.read_bytes()
    message.build(
        content,
        filename=file.name,
        content_type=partner.content_type,
        disposition_notification_to=organization.email_address,
    )
    kept, _ = Message.objects.create_from_as2message(
        as2message=message, payload=content, filename=file.name, direction="OUT", status="P"
    )
    kept.send_message(message.headers, message.content)
    if kept.status != "S":
        print(f"{file.name}: {kept.status} {kept.detailed_status}", flush=True)  # noqa: T201  # into its log
        return False
    file.unlink()
    return True


urlpatterns = [path("as2", views.ReceiveAs2Message.as_view()), path("control/answer-to", answer_to)]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """Several messages at once."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Says nothing about each request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    prepare()
    make_server("127.0.0.1", SETUP["port"], get_wsgi_application(), Server, Quiet).serve_forever()
