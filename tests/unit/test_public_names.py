"""`import orderflow` is cheap, and every public name is where it says."""

import importlib.metadata
import subprocess
import sys

import pytest

import orderflow

CONTRACT = {
    "BaseConnector",
    "ConnectorError",
    "ConnectorMetadata",
    "ConnectorRegistry",
    "DraftOrder",
    "DraftOrderLine",
    "DropzoneJsonV1Connector",
    "ERPConnection",
    "ERPConnectorPort",
    "ERPExport",
    "ERPExportStatus",
    "ERPPushLog",
    "EncryptionError",
    "EncryptionService",
    "ExportResult",
    "MockConnector",
    "PushOrchestrator",
    "PushServiceError",
    "TestResult",
    "open_session",
}


def loaded_after(statement):
    program = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_none_of_its_parts_and_no_library():
    before = loaded_after("import importlib, typing")
    assert {name.partition(".")[0] for name in loaded_after("import orderflow") - before} == {"orderflow"}
    assert {name for name in loaded_after("import orderflow") if name.startswith("orderflow.")} == set()


def test_a_domain_name_brings_no_database_and_no_web_server():
    loaded = loaded_after("from orderflow import DraftOrder, ERPConnectorPort, ConnectorError")
    assert loaded.isdisjoint({"sqlalchemy", "psycopg", "fastapi", "asyncssh", "celery", "typer", "obstore"})


def test_the_names_that_programs_are_written_against_are_public():
    assert set(orderflow.__all__) >= CONTRACT


@pytest.mark.parametrize("name", orderflow.__all__)
def test_every_public_name_resolves_to_the_thing_of_that_name(name):
    assert getattr(orderflow, name).__name__ == name


def test_the_names_are_listed_for_people_who_explore():
    assert {*orderflow.__all__, "__version__"} <= set(dir(orderflow))


def test_the_version_is_the_one_that_is_installed():
    assert orderflow.__version__ == importlib.metadata.version("orderflow-connect")


def test_an_unknown_name_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="'orderflow' has no attribute 'Nonsense'"):
        _ = orderflow.Nonsense
