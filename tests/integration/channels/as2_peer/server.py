"""A partner: django-pyas2 behind a server of the standard library. Run by the virtual environment that has it.

Reads what it is to be from its first argument, a file of JSON; prints its port. Beside /as2, /control lets a test send,
and look at what came.
"""

from __future__ import annotations

import json
import re
import socketserver
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

# oscrypto 1.3.0 reads OpenSSL's version with one digit for each part of it.
_search = re.search
re.search = lambda pattern, *rest: _search(  # type: ignore[assignment]
    pattern.replace(r"\d\.\d\.\d[", r"\d+\.\d+\.\d+[") if isinstance(pattern, str) else pattern, *rest
)
import oscrypto.asymmetric  # noqa: F401

re.search = _search

import django
from django.conf import settings

SETUP = json.loads(Path(sys.argv[1]).read_text())
FOLDER = Path(sys.argv[1]).parent

settings.configure(
    SECRET_KEY="tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["pyas2"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "db.sqlite3", "OPTIONS": {"timeout": 30}}
    },
    MEDIA_ROOT=str(FOLDER / "media"),
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
)
django.setup()

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from pyas2 import settings as pyas2_settings
from pyas2.models import Mdn, Message, Organization, Partner, PrivateKey, PublicCertificate
from pyas2.views import ReceiveAs2Message
from pyas2lib import Message as As2Message

_save = Message.save


def save(self: Message, *arguments: object, **named: object) -> None:
    """Keep what a receipt said that was quicker than the answer to its message, which pyas2 would write over."""
    known = Message.objects.filter(pk=self.pk).values_list("status", flat=True).first() if self.pk else None
    if self.status == "P" and known in ("S", "E"):
        self.status = known
    _save(self, *arguments, **named)


Message.save = save


def prepare() -> None:
    call_command("migrate", verbosity=0)
    key = PrivateKey.objects.create(name="key", key=b64decode(SETUP["key"]), key_pass=SETUP["pass"])
    Organization.objects.create(
        name=SETUP["name"],
        as2_name=SETUP["name"],
        encryption_key=key,
        signature_key=key,
        email_address="p@partner.example",
    )
    certificate = PublicCertificate.objects.create(
        name="theirs", certificate=SETUP["certificate"].encode(), verify_cert=False
    )
    Partner.objects.create(
        name=SETUP["partner"],
        as2_name=SETUP["partner"],
        target_url="http://127.0.0.1/",
        encryption_cert=certificate,
        signature_cert=certificate,
        keep_filename=True,
        https_verify_ssl=False,
    )


@csrf_exempt
def change(request: HttpRequest) -> HttpResponse:
    """Change what was agreed: fields of the partner as pyas2 calls them."""
    Partner.objects.filter(as2_name=SETUP["partner"]).update(**json.loads(request.body))
    return JsonResponse({})


@csrf_exempt
def send(request: HttpRequest) -> HttpResponse:
    organization, partner = Organization.objects.get(), Partner.objects.get()
    message = As2Message(sender=organization.as2org, receiver=partner.as2partner)
    given = json.loads(request.body)
    content = b64decode(given["content"])
    message.build(content, filename=given["name"], content_type="application/edi-consent")
    if given.get("message_id"):
        message.message_id = given["message_id"]
        message.payload.replace_header("Message-ID", f"<{message.message_id}>")
    kept, _ = Message.objects.create_from_as2message(
        as2message=message, payload=content, filename=given["name"], direction="OUT", status="P"
    )
    kept.send_message(message.headers, message.content)
    return JsonResponse({"message_id": kept.message_id, "status": kept.status, "says": kept.detailed_status})


def messages(request: HttpRequest) -> HttpResponse:
    return JsonResponse([_shown(one) for one in Message.objects.order_by("timestamp")], safe=False)


def _shown(one: Message) -> dict[str, object]:
    payload = one.payload.read() if one.payload else b""
    return {
        "id": one.message_id,
        "direction": one.direction,
        "status": one.status,
        "says": one.detailed_status,
        "signed": one.signed,
        "encrypted": one.encrypted,
        "compressed": one.compressed,
        "name": Path(one.payload.name).name if one.payload else None,
        "content": b64encode(payload).decode(),
    }


@csrf_exempt
def send_receipts(request: HttpRequest) -> HttpResponse:
    waiting = list(Mdn.objects.filter(status="P"))
    for one in waiting:
        one.send_async_mdn()
    return JsonResponse({"sent": sum(one.status == "S" for one in waiting)})


urlpatterns = [
    path("as2", ReceiveAs2Message.as_view()),
    path("control/change", change),
    path("control/send", send),
    path("control/messages", messages),
    path("control/receipts", send_receipts),
]


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    prepare()
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
    pyas2_settings.MDN_URL = f"http://127.0.0.1:{server.server_port}/as2"
    print(server.server_port, flush=True)
    server.serve_forever()
