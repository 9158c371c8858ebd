"""The chart, linted and rendered by Helm's own library; what comes out fits the schemas of Kubernetes in each field."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orderflow.settings import Settings

pytestmark = pytest.mark.large
ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/orderflow-connect"
HELM = Path(sys.prefix) / "tools/helm/bin/python"
RENDER = """
import json, sys, yaml, kubernetes_validate
from helm_python.chart import Chart, lint
chart, values = sys.argv[1], json.loads(sys.argv[2])
found = lint(chart, values, strict=True)
assert not found["errors"], found
assert [message["error"] for message in found["messages"]] == ["icon is recommended"], found
documents = []
for rendered in Chart.load(chart).render(values, name="prod", namespace="orders").values():
    documents += [document for document in yaml.safe_load_all(rendered) if document]
for document in documents:
    if document["apiVersion"].split("/")[0] not in ("keda.sh", "monitoring.coreos.com"):
        kubernetes_validate.validate(document, "1.30", strict=True)
print(json.dumps(documents))
"""
LEAST = {"existingSecret": "orderflow", "objectStorage": {"bucket": "documents"}}
ALL = LEAST | {
    "celery": {"enabled": True},
    "ingress": {"enabled": True, "host": "orders.example", "className": "nginx", "tlsSecret": "tls"},
    "podMonitor": {"enabled": True},
    "caConfigMap": "authorities",
    "worker": {"scaling": {"enabled": True, "prometheusUrl": "http://prometheus:9090"}},
    "imagePullSecrets": [{"name": "registry"}],
    "serviceAccount": {"annotations": {"example.com/role": "documents"}},
}


def render(values: dict[str, Any], *, refused: str | None = None) -> dict[tuple[str, str], Any]:
    if not HELM.exists():
        pytest.skip("Helm is not here: scripts/install-helm")
    command = [str(HELM), "-c", RENDER, str(CHART), json.dumps(values)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if refused:
        assert done.returncode
        assert refused in done.stderr
        return {}
    assert done.returncode == 0, done.stderr
    documents = json.loads(done.stdout)
    return {(one["kind"], one["metadata"]["name"].removeprefix("prod-orderflow-connect")): one for one in documents}


def pods(documents: dict[tuple[str, str], Any]) -> dict[str, Any]:
    return {
        name: document["spec"]["template"]["spec"]
        for (kind, name), document in documents.items()
        if kind in {"Deployment", "Job"}
    }


def variables(pod: Any) -> set[str]:
    return {variable["name"] for variable in pod["containers"][0]["env"]}


@pytest.mark.parametrize("values", [LEAST, ALL], ids=["least", "all"])
def test_no_pod_has_more_rights_than_it_needs(values: dict[str, Any]) -> None:
    found = pods(render(values))
    for pod in found.values():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {mount["mountPath"] for mount in container["volumeMounts"]} >= {"/tmp", "/var/lib/orderflow"}
        assert container["resources"]["limits"]["memory"]
    assert {name for name, pod in found.items() if "DATABASE_ADMIN_URL" in variables(pod)} == {"-migration"}


def test_what_runs_is_probed_drained_and_spared() -> None:
    documents = render(LEAST)
    found = pods(documents)
    assert set(found) == {"-api", "-worker", "-migration"}
    for name in ("-api", "-worker"):
        (container,) = found[name]["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert documents["PodDisruptionBudget", name]["spec"]["maxUnavailable"] == 1
    drained = {one["name"]: one.get("value") for one in found["-api"]["containers"][0]["env"]}[
        "ORDERFLOW_DRAIN_SECONDS"
    ]
    assert found["-api"]["terminationGracePeriodSeconds"] > int(drained) + 20
    assert documents["Deployment", "-api"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert "pre-upgrade" in documents["Job", "-migration"]["metadata"]["annotations"]["helm.sh/hook"]


def test_celery_brings_a_beat_which_opens_nothing() -> None:
    documents = render(ALL)
    beat = pods(documents)["-beat"]
    secrets = {"DATABASE_ADMIN_URL", "ENCRYPTION_MASTER_KEY", "JWT_SECRET", "PASSWORD_PEPPER"}
    assert not variables(beat) & secrets
    assert documents["Deployment", "-beat"]["spec"]["replicas"] == 1
    assert "replicas" not in documents["Deployment", "-worker"]["spec"], "what scales it decides"
    trigger = documents["ScaledObject", "-worker"]["spec"]["triggers"][0]["metadata"]
    assert "orderflow_queue_due_seconds" in trigger["query"]


KEY = "4f" * 31 + "a1"
SECRETS = {"DATABASE_URL": "postgresql://db.example/o", "DATABASE_ADMIN_URL": "postgresql://db.example/o"}
SECRETS |= {"ORDERFLOW_NOTIFY_WEBHOOK_SECRET": f"whsec_{KEY}"}
GIVEN = {
    "ORDERFLOW_NOTIFY_WEBHOOK_URL": "https://chat.example/hook",
    "ORDERFLOW_NOTIFY_EMAIL_TO": "ops@orders.example",
    "ORDERFLOW_NOTIFY_EMAIL_FROM": "orders@orders.example",
    "ORDERFLOW_SMTP_HOST": "mail.example",
    "OBJECT_STORAGE_ENDPOINT": "https://s3.example",
}


def test_each_pod_starts_with_all_settings_that_are_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain = {
        variable: str(Settings.model_fields[field].default)
        for variable, field in Settings.variables().items()
        if isinstance(Settings.model_fields[field].default, str | int | float) and not Settings.secret(field)
    }
    found = pods(render(LEAST | {"celery": {"enabled": True}, "settings": plain | GIVEN}))
    assert set(found) == {"-api", "-worker", "-beat", "-migration"}
    monkeypatch.chdir(tmp_path)
    for pod in found.values():
        with monkeypatch.context() as there:
            for one in pod["containers"][0]["env"]:
                there.setenv(one["name"], one["value"] if "value" in one else SECRETS.get(one["name"], KEY))
            Settings.load()
    assert set(GIVEN) <= variables(found["-worker"])


@pytest.mark.parametrize(("url", "base"), [("https://orders.example", ""), ("https://orders.example/of/", "/of")])
def test_what_is_for_inside_is_reached_through_no_ingress(url: str, base: str) -> None:
    ingress = render(ALL | {"settings": {"APP_BASE_URL": url}})["Ingress", ""]
    (rule,) = ingress["spec"]["rules"]
    paths = {(one["path"], one["pathType"]) for one in rule["http"]["paths"]}

    def reached(path: str) -> bool:
        above = {path[:at] for at, letter in enumerate(path) if letter == "/"} | {path}
        return (path, "Exact") in paths or any((one, "Prefix") in paths for one in above)

    for inside in ("/healthz", "/readyz", "/metrics"):
        assert not reached(inside)
        assert not reached(f"{base}{inside}")
    for there in ("/", "/orders", "/orders/1", "/api/v1/me", "/as2/1", "/assets/start.js", "/docs/", "/favicon.svg"):
        assert reached(f"{base}{there}")


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({}, "/existingSecret"),
        (LEAST | {"objectStorage": {}}, "/objectStorage"),
        (LEAST | {"workers": {"replicas": 3}}, "workers"),
        (LEAST | {"ingress": {"enabled": True}}, "ingress.host is missing"),
        (LEAST | {"settings": {"ORDERFLOW_BATCH_SIZE": 64}}, "ORDERFLOW_BATCH_SIZE"),
    ],
)
def test_what_is_missing_or_misspelled_is_said(values: dict[str, Any], refused: str) -> None:
    render(values, refused=refused)
