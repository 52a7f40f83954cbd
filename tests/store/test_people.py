from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Iterator

import pytest
from argon2 import PasswordHasher

from appliance.store import Act, Store, passwords, totp
from appliance.store.attempts import TooManyAttemptsError
from appliance.store.database import MIGRATIONS, numbered_migrations
from appliance.store.passwords import WeakPasswordError, hashed, verified
from appliance.store.people import PersonError, Role

PASSWORD = "correct horse battery staple"


@pytest.fixture
def store(tmp_path: Path, quick_hashing: None) -> Iterator[Store]:
    with Store(tmp_path / "store", "test") as opened:
        yield opened


def later(store: Store, seconds: float) -> None:
    with store.database.transaction() as connection:
        connection.execute("UPDATE attempts SET uptime = uptime - ?", (seconds,))


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "x7#kQ!29vLpz",
        "839201748265",
        "nine horses ride at dawn",
        "私の猫は毎朝五時に鳴きます",
        "aeiou-gravel-91-moon",
        "  spaces kept here  ",
        "p" * 3 + "qzjw vexing 🐈 nymphs",
        "lunar kettle wharf " * 6,
    ],
)
def test_good_passwords_of_every_kind_are_taken(password: str) -> None:
    assert hashed(password, "sato").startswith("$argon2id$")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "elevenchars",
        "x7#kQ!29vLpz" * 11,
        "aaaaaaaaaaaaaaaa",
        "abababababab",
        "password1234",
        "Password123456!",
        "P@ssw0rd2024",
        "passwordpassword",
        "qwertyuiop12",
        "123456789012",
        "1qaz2wsx3edc",
        "iloveyou2025!!",
        "adminadmin123",
        "hospital2026!",
        "sato19800523",
        "satosatosato",
        "zyxwvutsrqpo",
        "ｐａｓｓｗｏｒｄ１２３４",
    ],
)
def test_passwords_that_are_tried_first_are_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        hashed(password, "sato")


def test_passwords_are_kept_as_argon2id_of_todays_cost() -> None:
    kept = hashed(PASSWORD, "sato")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and PASSWORD not in kept
    assert verified(kept, PASSWORD) and not verified(kept, PASSWORD + " ") and not verified(kept, PASSWORD.upper())
    assert hashed(PASSWORD, "sato") != kept, "salted"
    assert not verified(None, PASSWORD) and not verified("no hash", PASSWORD)


def test_every_character_of_a_password_counts(quick_hashing: None) -> None:
    kept = hashed("lunar kettle wharf " * 6, "sato")
    assert not verified(kept, "lunar kettle wharf " * 6 + "x") and not verified(kept, "lunar kettle wharf " * 5)
    assert verified(hashed("が" * 3 + "猫 犬 鳥 馬 牛 羊", "sato"), "か\u3099" * 3 + "猫 犬 鳥 馬 牛 羊"), (
        "typed another way"
    )


def test_a_hash_of_lower_cost_is_replaced_at_the_login(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.people.add("sato", Role.DOCTOR, PASSWORD)
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert store.people.check("sato", PASSWORD) is not None
    (row,) = store.database.rows("SELECT password FROM people")
    assert "$m=16,t=2,p=1$" in row["password"] and store.people.check("sato", PASSWORD) is not None


def test_nobody_is_set_up_twice_as_the_first(store: Store) -> None:
    store.people.add("tanaka", Role.ADMINISTRATOR, PASSWORD, first=True)
    with pytest.raises(PersonError):
        store.people.add("eve", Role.ADMINISTRATOR, PASSWORD, first=True)


def test_changes_of_people_are_on_record_without_passwords(store: Store) -> None:
    person = store.people.add("tanaka", Role.ADMINISTRATOR, PASSWORD)
    store.people.set_password(person, PASSWORD + "!")
    store.codes.make(person)
    store.people.add("sato", Role.ADMINISTRATOR)
    store.people.set_role(person, Role.DOCTOR)
    store.people.remove(person)
    rows = store.database.rows("SELECT * FROM audit WHERE what = 'people' ORDER BY number")
    said = [json.loads(row["detail"]) for row in rows]
    assert [(one["person"], one["was"]) for one in said] == [
        ("tanaka", "added"),
        ("tanaka", "given a password"),
        ("tanaka", "given a code"),
        ("sato", "added"),
        ("tanaka", "given a role"),
        ("tanaka", "removed"),
    ]
    assert "argon2" not in json.dumps(said) and store.audit.verify().fault is None


def test_with_a_person_goes_all_that_belongs_to_them(store: Store) -> None:
    person = store.people.add("sato", Role.DOCTOR, PASSWORD)
    secret = totp.new_secret()
    step = 1_000_000_000
    assert store.people.set_factor(person, secret, totp.code(secret, step)) is None, "a code of long ago"
    store.sessions.begin(person, "browser")
    store.codes.make(person)
    store.people.remove(person)
    for table in ("people", "sessions", "codes", "recovery_codes"):
        assert store.database.rows(f"SELECT 1 FROM {table}") == [], table


# RFC 6238, appendix B, SHA-1
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_one_time_passwords_are_those_of_the_rfc(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert totp.code(secret, seconds // 30, 8) == code
    assert totp.matching_step(secret, code[-6:], after=0, now=seconds) == seconds // 30


def test_one_time_passwords_near_now_and_later_than_the_last_one() -> None:
    secret, step = totp.new_secret(), 50_000_000
    now = step * 30 + 10.0
    for near in (-1, 0, 1):
        assert totp.matching_step(secret, totp.code(secret, step + near), after=0, now=now) == step + near
    for far in (-2, 2):
        assert totp.matching_step(secret, totp.code(secret, step + far), after=0, now=now) is None
    assert totp.matching_step(secret, totp.code(secret, step), after=step, now=now) is None
    for wrong in ("", "12345", "é12345", "1234567"):
        assert totp.matching_step(secret, wrong, after=0, now=now) is None


def fail(store: Store, name: str, address: str, times: int) -> int:
    """Try as long as it is allowed; how often it was."""
    for done in range(times):
        try:
            store.attempts.begin(name, address)
        except TooManyAttemptsError:
            return done
    return times


def test_waits_grow_and_end(store: Store) -> None:
    assert fail(store, "sato", "10.0.0.1", 100) == 5
    waits = []
    for _ in range(14):
        later(store, 900)
        store.attempts.begin("sato", "10.0.0.1")
        with pytest.raises(TooManyAttemptsError) as caught:
            store.attempts.begin("sato", "10.0.0.1")
        waits.append(caught.value.wait_s)
    assert waits[:4] == [2, 4, 8, 16] and max(waits) == waits[-1] == 900
    later(store, 3601)
    assert fail(store, "sato", "10.0.0.1", 100) == 5, "forgotten after an hour"


def test_failures_outlive_a_restart_of_the_program(store: Store, tmp_path: Path) -> None:
    fail(store, "sato", "10.0.0.1", 100)
    with Store(tmp_path / "store") as another:
        assert fail(another, "sato", "10.0.0.1", 1) == 0


def test_a_name_is_guessed_at_most_100_times_an_hour_from_wherever(store: Store) -> None:
    tried = machine = 0
    for _ in range(0, 3600, 10):
        while fail(store, "sato", f"10.0.{machine // 250}.{machine % 250}", 1):
            tried, machine = tried + 1, machine + 1
        later(store, 10)
    assert 50 < tried <= 100


def test_an_address_guesses_many_names_as_slowly(store: Store) -> None:
    assert sum(fail(store, f"name{number}", "10.0.0.1", 1) for number in range(100)) == 21


def test_a_network_of_version_6_is_one_address(store: Store) -> None:
    assert sum(fail(store, f"n{number}", f"2001:db8::{number:x}", 1) for number in range(1, 100)) == 21
    assert fail(store, "n", "2001:db8:1::1", 1) == 1 and fail(store, "n", "::1", 1) == 1


def test_nobody_keeps_a_doctor_out_who_has_logged_in_there_before(store: Store) -> None:
    store.attempts.begin("sato", "10.0.0.9")
    store.attempts.succeed("sato", "10.0.0.9")
    for machine in range(60):
        fail(store, "sato", f"10.0.1.{machine}", 10)
    with pytest.raises(TooManyAttemptsError):
        store.attempts.begin("sato", "10.0.0.8")
    store.attempts.begin("sato", "10.0.0.9")


def test_names_that_were_typed_do_not_lie_in_the_store(store: Store) -> None:
    fail(store, "my password by mistake", "10.0.0.1", 1)
    assert "mistake" not in json.dumps([tuple(row) for row in store.database.rows("SELECT * FROM attempts")])


def test_the_audit_trail_of_an_older_release_still_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = next(number for number, script in numbered_migrations() if "CREATE TABLE people" in script)
    older = tmp_path / "older"
    older.mkdir()
    for path in sorted(MIGRATIONS.glob("*.sql"))[: number - 1]:
        (older / path.name).write_text(path.read_text("utf-8"), "utf-8")
    with monkeypatch.context() as patched:
        patched.setattr("appliance.store.database.MIGRATIONS", older)
        with Store(tmp_path / "store", "older") as store:
            for act in (Act.VIEWED, Act.EXPORTED, Act.BACKUP):
                store.audit.record(act, 7)
            before = [tuple(row) for row in store.database.rows("SELECT * FROM audit")]
    with Store(tmp_path / "store", "newer") as store:
        assert [tuple(row) for row in store.database.rows("SELECT * FROM audit")] == before
        store.audit.record(Act.LOGIN)
        assert store.audit.verify().entries == 4 and store.audit.verify().fault is None
        for statement in (
            "DELETE FROM audit",
            "UPDATE audit SET who = 'x'",
            "INSERT INTO audit SELECT 9, at, who, what, case_number, study_sha256, detail, hash FROM audit LIMIT 1",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store.database.rows(statement)
