"""What is deployed has the least that it needs."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import orderflow
from orderflow.settings import Settings

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
SECRETS = {"DATABASE_URL", "DATABASE_ADMIN_URL", "ENCRYPTION_MASTER_KEY", "JWT_SECRET", "PASSWORD_PEPPER"}


def service(unit: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's names have capitals
    parser.read(unit)
    return dict(parser["Service"])


def test_every_process_has_its_unit() -> None:
    assert {unit.stem for unit in UNITS} == {"orderflow", "orderflow-beat", "orderflow-engine", "orderflow-worker"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_bounds_its_process(unit: Path) -> None:
    said = service(unit)
    assert (said["LimitCORE"], said["NoNewPrivileges"], said["CapabilityBoundingSet"]) == ("0", "yes", "")
    assert said["SystemCallFilter"] == "@system-service"
    assert {"MemoryMax", "LimitNOFILE", "UMask", "User"} <= said.keys()
    assert said["EnvironmentFile"].endswith("/broker" if "beat" in unit.stem else "/environment")


def test_beat_gets_no_secret_but_the_broker_s() -> None:
    given = dict(SERVICES["beat"]["environment"])
    assert given.pop("DATABASE_URL") == "embedded"  # none is opened
    assert not SECRETS & given.keys()
    assert {"CELERY_BROKER_URL"} <= SERVICES["beat"]["environment"].keys()


@pytest.mark.parametrize("name", ["api", "worker", "beat", "upgrade"])
def test_a_container_of_ours_is_bounded(name: str) -> None:
    said = SERVICES[name]
    assert (said["read_only"], said["cap_drop"], said["ulimits"]["core"]) == (True, ["ALL"], 0)
    assert said["mem_limit"]


def test_redis_wants_a_password_and_keeps_nothing() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert '--requirepass "$$REDISCLI_AUTH"' in command
    assert '--save ""' in command
    assert "REDIS_PASSWORD" in SERVICES["api"]["environment"]["CELERY_BROKER_URL"]


def test_production_offers_no_mock() -> None:
    assert SERVICES["api"]["environment"]["ORDERFLOW_OFFER_MOCK"] == "false"


def test_the_image_has_all_that_the_wheel_is_built_from() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "hatch_build.py" in dockerfile
    assert "/source/frontend/dist ./frontend/dist" in dockerfile
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert {"!hatch_build.py", "!frontend", "frontend/node_modules", "!docs", "!mkdocs.yml"} <= set(ignored)
    assert "mkdocs build" in dockerfile
    assert dockerfile.count("pip install") == dockerfile.count("--require-hashes") + dockerfile.count("--no-deps")


def pins(file: str) -> dict[str, str]:
    text = (ROOT / file).read_text("utf-8").lower()
    found = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", text, re.MULTILINE)
    return {package.replace("_", "-"): version for package, version in found}


ELSEWHERE = {"colorama"}
"""Of a system that no image has."""


@pytest.mark.parametrize("name", ["app", "build"])
def test_the_image_installs_what_was_tested_each_by_its_hash(name: str) -> None:
    file = f"deploy/image/{name}.txt"
    tested = pins("constraints.txt")
    assert {package: tested.get(package) for package in pins(file).keys() - ELSEWHERE} == {
        package: version for package, version in pins(file).items() if package not in ELSEWHERE
    }
    _, *requirements = re.split(r"\n(?=\S)", (ROOT / file).read_text("utf-8"))
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_the_image_installs_all_that_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = " ".join([*project["dependencies"], *extras["celery"], *extras["otel"]]).lower()
    assert set(re.findall(r"(?:^| )([a-z][\w.-]+)(?:\[\w+\])?>=", needed)) <= pins("deploy/image/app.txt").keys()


CHART = ROOT / "deploy" / "helm" / "orderflow-connect"


def test_every_variable_of_the_chart_is_a_setting() -> None:
    written = "\n".join(path.read_text("utf-8") for path in (*CHART.glob("templates/*"), CHART / "values.yaml"))
    named = set(re.findall(r"\b(?:[A-Z]+_){1,}[A-Z]+\b", written)) - {"FORWARDED_ALLOW_IPS"}
    assert len(named) > 15
    assert named <= Settings.variables().keys()


def test_the_chart_s_ingress_leads_to_every_page() -> None:
    app = (ROOT / "frontend/src/App.tsx").read_text("utf-8")
    pages = set(re.findall(r'path="([a-z-]+)[/"]', app))
    files = {file.name for file in (ROOT / "frontend/public").iterdir()}
    assert len(pages) > 5
    assert pages | files <= set(re.findall(r'"([\w.-]+)"', (CHART / "templates/api.yaml").read_text("utf-8")))


def test_the_chart_is_of_this_release() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["appVersion"] == orderflow.__version__


@pytest.mark.parametrize("name", ["api", "worker", "beat", "upgrade"])
def test_a_container_starts_with_what_it_is_given(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for variable, value in SERVICES[name]["environment"].items():
        key = "4f" * 31 + "a1"
        monkeypatch.setenv(variable, re.sub(r"\$\{.*?\}", key, value))
    Settings.load()
