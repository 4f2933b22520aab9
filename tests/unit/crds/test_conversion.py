"""How payloads are compressed, encoded and kept, as the environment says."""

import random
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    DataConverter,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
)

from agents_crds.contract.compression import COMPRESSED_FROM, Compression, TooLargeError
from agents_crds.contract.connection import TemporalAccess, TemporalVariablesError
from agents_crds.contract.conversion import (
    PLAIN,
    STORED_FROM,
    PayloadSettings,
    PayloadVariablesError,
    store_of,
)
from agents_crds.contract.store import Bucket, Directory, PayloadLostError, PayloadStore, StoreError

STORE, ENDPOINT, REGION, ACCESS, SECRET, CODEC = (
    "DURABLE_AGENTS_PAYLOAD_STORE",
    "DURABLE_AGENTS_PAYLOAD_STORE_ENDPOINT",
    "DURABLE_AGENTS_PAYLOAD_STORE_REGION",
    "DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_FILE",
    "DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_FILE",
    "DURABLE_AGENTS_PAYLOAD_CODEC",
)
OF_A_RUN = StorageDriverStoreContext(target=StorageDriverWorkflowInfo(namespace="agents", id="inst/ns/uid-1"))
ANYWHERE = StorageDriverRetrieveContext()


def noise(size: int) -> str:
    return random.Random(size).randbytes(size // 2).hex()


async def sent(converter: DataConverter, value: object) -> Payload:
    [payload] = await converter.encode([value])
    return payload


def encoding(payload: Payload) -> bytes:
    return payload.metadata["encoding"]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("variables", "settings"),
    [
        ({}, PayloadSettings()),
        ({STORE: "", ENDPOINT: "", CODEC: ""}, PayloadSettings()),
        ({STORE: "file:///var/pay%20loads"}, PayloadSettings(Directory(Path("/var/pay loads")))),
        ({STORE: "s3://bucket"}, PayloadSettings(Bucket("bucket"))),
        (
            {
                STORE: "s3://bucket/a/b/",
                ENDPOINT: "https://s3.test",
                REGION: "eu",
                ACCESS: "/a",
                SECRET: "/s",
                CODEC: "m:f",
            },
            PayloadSettings(
                Bucket("bucket", "a/b", "https://s3.test", "eu", Path("/a"), Path("/s")), codec="m:f"
            ),
        ),
    ],
)
def test_the_environment_says_where_payloads_go(variables: dict[str, str], settings: PayloadSettings) -> None:
    assert PayloadSettings.of_environment(variables) == settings


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({STORE: "bucket"}, f"{STORE} must be s3://BUCKET, s3://BUCKET/PREFIX or file:///DIRECTORY"),
        ({STORE: "file://host/dir"}, f"{STORE} must be"),
        ({STORE: "file:relative"}, f"{STORE} must be"),
        ({STORE: "gs://bucket"}, f"{STORE} must be"),
        ({STORE: "s3:///prefix"}, f"{STORE} must be"),
        ({ENDPOINT: "https://s3.test"}, f"{ENDPOINT} needs {STORE}: name the store there"),
        ({STORE: "s3://b", ENDPOINT: "s3.test:9000"}, f"{ENDPOINT} must begin with http:// or https://"),
        ({STORE: "s3://b", ACCESS: "/a"}, f"{ACCESS} and {SECRET} come together: set both or neither"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_the_variable(variables: dict[str, str], says: str) -> None:
    with pytest.raises(TemporalVariablesError) as refused:
        TemporalAccess.of_environment({"TEMPORAL_ADDRESS": "temporal:7233", **variables})
    assert str(refused.value).startswith(says)


def test_another_process_can_be_told_the_same_but_the_files_with_the_key() -> None:
    for variables in (
        {},
        {STORE: "file:///var/pay%20loads"},
        {STORE: "s3://bucket/a", ENDPOINT: "http://s3.test", REGION: "eu", CODEC: "m:f"},
    ):
        assert PayloadSettings.of_environment(variables).variables == variables
    with_key = {STORE: "s3://bucket", ACCESS: "/a", SECRET: "/s"}
    assert PayloadSettings.of_environment(with_key).variables == {STORE: "s3://bucket"}


@pytest.mark.parametrize(
    ("codec", "says"),
    [
        ("nocolon", "must be MODULE:FACTORY, and is nocolon"),
        ("no_such_module:make", "no_such_module:make cannot be called (ModuleNotFoundError)"),
        ("json:nothing", "json:nothing cannot be called (AttributeError)"),
        ("builtins:dict", "builtins:dict must return a temporalio.converter.PayloadCodec"),
    ],
)
def test_a_codec_that_cannot_be_had_is_refused(codec: str, says: str) -> None:
    with pytest.raises(PayloadVariablesError) as refused:
        PayloadSettings(codec=codec).data_converter()
    assert f"{CODEC}" in str(refused.value)
    assert says in str(refused.value)


def test_what_a_codec_s_factory_says_is_in_the_log_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PAYLOAD_KEYS_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(PayloadVariablesError) as refused:
        PayloadSettings(codec="examples.encryption.encryption:encryption").data_converter()
    assert "nowhere" not in str(refused.value)
    assert f"No such file or directory: '{tmp_path}/nowhere'" in caplog.text


async def test_what_is_small_stays_readable() -> None:
    payload = await sent(PayloadSettings().data_converter(), "x" * (COMPRESSED_FROM - 100))
    assert encoding(payload) == b"json/plain"
    assert payload.data.startswith(b'"xxx')


async def test_what_is_large_is_compressed_and_comes_back() -> None:
    converter = PayloadSettings().data_converter()
    text = "many words " * 100_000
    payload = await sent(converter, text)
    assert encoding(payload) == b"binary/zlib"
    assert payload.ByteSize() < len(text) / 100
    assert await converter.decode([payload], [str]) == [text]


async def test_what_compression_makes_no_smaller_stays_as_it_is() -> None:
    payload = await sent(PayloadSettings().data_converter(), random.Random(1).randbytes(2 * COMPRESSED_FROM))
    assert encoding(payload) == b"binary/plain"


async def test_what_an_older_release_sent_is_read() -> None:
    text = "many words " * 100_000
    old = await sent(PLAIN, text)
    assert await PayloadSettings().data_converter().decode([old], [str]) == [text]


async def test_what_would_take_all_memory_is_not_read() -> None:
    [small] = await Compression().encode([Payload(data=b"0" * 1_000_000)])
    with pytest.raises(TooLargeError, match="has more than 100000 bytes"):
        await Compression(largest=100_000).decode([small])


async def test_only_what_is_still_large_when_compressed_goes_to_the_store(tmp_path: Path) -> None:
    converter = PayloadSettings(Directory(tmp_path / "store")).data_converter()
    assert encoding(await sent(converter, "words " * STORED_FROM)) == b"binary/zlib"
    assert not (tmp_path / "store").exists()
    text = noise(4 * STORED_FROM)
    reference = await sent(converter, text)
    assert reference.ByteSize() < 500
    assert await converter.decode([reference], [str]) == [text]
    # Another process, on the same directory.
    again = PayloadSettings(Directory(tmp_path / "store")).data_converter()
    assert await again.decode([reference], [str]) == [text]


async def test_payloads_lie_by_workflow_and_once(tmp_path: Path) -> None:
    store = PayloadStore(Directory(tmp_path))
    payload = Payload(data=b"content")
    [first] = await store.store(OF_A_RUN, [payload])
    [file] = files(tmp_path)
    assert str(file.relative_to(tmp_path)) == first.claim_data["key"]
    assert first.claim_data["key"].startswith("agents/inst/ns/uid-1/")
    file.touch()
    before = file.stat().st_mtime_ns
    assert await store.store(OF_A_RUN, [payload]) == [first]
    assert file.stat().st_mtime_ns == before
    assert await store.retrieve(ANYWHERE, [first]) == [payload]


@pytest.mark.parametrize("id_", ["../../x", "a/../b", ".", "a//b", "é?#%", ""])
async def test_a_workflow_id_leads_nowhere_else(tmp_path: Path, id_: str) -> None:
    root = tmp_path / "store"
    target = StorageDriverWorkflowInfo(namespace="agents", id=id_)
    store = PayloadStore(Directory(root))
    [claim] = await store.store(StorageDriverStoreContext(target=target), [Payload(data=b"x")])
    assert await store.retrieve(ANYWHERE, [claim]) == [Payload(data=b"x")]
    [file] = files(tmp_path)
    assert file.is_relative_to(root)


@pytest.mark.parametrize("key", ["../secret", "agents/../../secret", "/etc/hostname", "nothing/there"])
async def test_a_reference_reads_nothing_but_what_was_kept(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store = PayloadStore(Directory(tmp_path / "store"))
    claim = StorageDriverClaim({"key": key, "sha256": "0"})
    with pytest.raises(StoreError, match=f"the payload store {tmp_path}/store "):
        await store.retrieve(ANYWHERE, [claim])


async def test_what_was_changed_in_the_store_is_not_read(tmp_path: Path) -> None:
    store = PayloadStore(Directory(tmp_path))
    [claim] = await store.store(OF_A_RUN, [Payload(data=b"content")])
    (tmp_path / claim.claim_data["key"]).write_bytes(Payload(data=b"forged").SerializeToString())
    with pytest.raises(StoreError, match="has something else at"):
        await store.retrieve(ANYWHERE, [claim])


async def test_what_was_deleted_from_a_store_is_lost(tmp_path: Path) -> None:
    store = PayloadStore(Directory(tmp_path / "store"))
    claims = await store.store(OF_A_RUN, [Payload(data=b"one"), Payload(data=b"two")])
    (tmp_path / "store" / claims[0].claim_data["key"]).unlink()
    with pytest.raises(PayloadLostError, match="no longer has agents/inst/ns/uid-1/"):
        await store.retrieve(ANYWHERE, claims[:1])
    assert await store.retrieve(ANYWHERE, claims[1:]) == [Payload(data=b"two")]


async def test_what_an_empty_store_lacks_may_come_back(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    [claim] = await PayloadStore(Directory(root)).store(OF_A_RUN, [Payload(data=b"one")])
    root.rename(elsewhere)
    store = PayloadStore(Directory(root))
    with pytest.raises(StoreError, match="is not there, or lacks what a history refers to") as refused:
        await store.retrieve(ANYWHERE, [claim])
    assert not isinstance(refused.value, PayloadLostError)
    root.rmdir()
    elsewhere.rename(root)
    assert await store.retrieve(ANYWHERE, [claim]) == [Payload(data=b"one")]


async def test_a_store_that_is_away_says_what_and_where(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    key = tmp_path / "key"
    nowhere = Bucket("b", endpoint="http://127.0.0.1:1", region="r", access_key_file=key, secret_key_file=key)
    with pytest.raises(StoreError, match=r"the payload store s3://b cannot be used: Generic S3 error"):
        await PayloadStore(nowhere).check()


def test_a_converter_tells_its_store(tmp_path: Path) -> None:
    assert store_of(PayloadSettings().data_converter()) is None
    assert store_of(PLAIN) is None
    assert store_of(PayloadSettings(Directory(tmp_path)).data_converter()) is not None
