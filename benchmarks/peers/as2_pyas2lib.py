"""A round over AS2 by pyas2lib: packed, opened, a receipt signed and checked; run by the environment that has it.

Arguments: a folder with a.p12, a.pem, b.p12, b.pem (passphrase "bench") and content; how many rounds. Prints seconds of
processor time.
"""

import re
import sys
import time
from pathlib import Path

# oscrypto 1.3.0 reads OpenSSL's version with one digit for each part of it.
_search = re.search
re.search = lambda pattern, *rest: _search(
    pattern.replace(r"\d\.\d\.\d[", r"\d+\.\d+\.\d+[") if isinstance(pattern, str) else pattern, *rest
)
import oscrypto.asymmetric  # noqa: E402, F401

re.search = _search
from pyas2lib import Mdn, Message, Organization, Partner  # noqa: E402

AGREED = {"sign": True, "encrypt": True, "digest_alg": "sha256", "enc_alg": "aes_256_cbc", "validate_certs": False}


def side(folder, name):
    key = (folder / f"{name}.p12").read_bytes()
    keys = {"sign_key": key, "sign_key_pass": "bench", "decrypt_key": key, "decrypt_key_pass": "bench"}
    certificate = (folder / f"{name}.pem").read_bytes()
    known = {"verify_cert": certificate, "encrypt_cert": certificate, "mdn_mode": "SYNC", "mdn_digest_alg": "sha256"}
    return Organization(as2_name=name, **keys), Partner(as2_name=name, **known, **AGREED)


def main():
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    (us, we), (them, they) = side(folder, "a"), side(folder, "b")
    content = (folder / "content").read_bytes()

    def once():
        sent = Message(us, they)
        sent.build(content, filename="order.edi", content_type="application/edifact")
        came = Message()
        raw = sent.headers_str + b"\r\n" + sent.content
        status, problem, receipt = came.parse(raw, lambda _: them, lambda _: we, lambda *_: False)
        assert status == "processed", problem
        status, problem = Mdn().parse(receipt.headers_str + b"\r\n" + receipt.content, lambda *_: sent)
        assert status == "processed", problem

    once()
    began = time.process_time()
    for _ in range(rounds):
        once()
    print(time.process_time() - began)


if __name__ == "__main__":
    main()
