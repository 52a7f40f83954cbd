"""One frozen settings tree with its defaults. `appliance.config_file` reads it from a TOML file and the environment."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Optional, Tuple

from appliance.errors import ConfigError

_DIALLED = re.compile(r"[0-9+*# ()-]*")


@dataclass(frozen=True)
class ServerSettings:
    """The local web page.

    Attributes
    ----------
    host : str
        Address to listen on: this machine alone unless told otherwise.
    port : int
        TCP port.
    language : str
        ``ja`` or ``en``: the language of the page until its reader chooses.
    logins : str
        ``on``, or ``auto``: needed as soon as the page listens beyond this machine, or somebody was set up.
    names : tuple of str
        By which others call this machine, beside its own name and addresses.
    tls : str
        ``auto`` speaks TLS as soon as the page listens beyond this machine or has a certificate of the hospital;
        ``proxy`` leaves it to a reverse proxy on this machine, that sets ``X-Forwarded-For``, ``-Proto``, ``-Host``;
        ``off`` sends passwords and patients' names over the network for everyone to read.
    tls_certificate, tls_key : pathlib.Path or None
        A certificate of the hospital and its key, PEM; without them the appliance makes its own.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    language: str = "ja"
    logins: Literal["auto", "on"] = "auto"
    names: Tuple[str, ...] = ()
    tls: Literal["auto", "proxy", "off"] = "auto"
    tls_certificate: Optional[Path] = None
    tls_key: Optional[Path] = None

    @property
    def open_until_setup(self) -> bool:
        """Whether nobody has to log in before the first person is set up: behind a proxy the whole network comes in."""
        return self.local and self.tls != "proxy" and self.logins == "auto"

    @property
    def local(self) -> bool:
        """Whether the page listens on this machine alone."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True)
class StoreSettings:
    """Where cases are kept.

    Attributes
    ----------
    folder : pathlib.Path
        Holds the database, the spool and the rendered slices.
    pixels_hours : float
        Files and rendered slices are removed so long after the verdict.
    results_days : float
        The case itself is removed so long after the verdict.
    """

    folder: Path = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "headct-triage"
    pixels_hours: float = 24.0
    results_days: float = 30.0


@dataclass(frozen=True)
class IngestSettings:
    """Limits on what one study may bring in.

    Attributes
    ----------
    max_files : int
        Files in a folder, archive or upload.
    max_mb : int
        Megabytes after unpacking.
    max_ratio : int
        Unpacked size over packed size of an archive's member.
    min_free_mb : int
        Megabytes that stay free on the store's disk: with less, no new study is taken in.
    """

    max_files: int = 20000
    max_mb: int = 4096
    max_ratio: int = 200
    min_free_mb: int = 2000


@dataclass(frozen=True)
class DecodeSettings:
    """Limits on the child processes that read DICOM files.

    Attributes
    ----------
    processes : int
        How many work at once.
    seconds_per_file : float
        A file that takes longer is given up as damaged.
    memory_mb : int
        Address space of one child.
    """

    processes: int = 2
    seconds_per_file: float = 4.0
    memory_mb: int = 2048


@dataclass(frozen=True)
class EngineSettings:
    """The network.

    Attributes
    ----------
    manifest : pathlib.Path or None
        Manifest of the released network; None for the one that was installed with the package.
    threads : int
        Of the CPU engine; 0 for as many as there are cores.
    precision : str
        ``auto``: ``fp16`` on TensorRT; on ONNX Runtime, which has none, whichever of ``fp32`` and ``int8`` is faster.
    backend : str
        ``auto``: TensorRT where it is installed. ``tensorrt``: the page also says where it is not.
    """

    manifest: Optional[Path] = None
    threads: int = 0
    precision: Literal["auto", "fp32", "fp16", "int8"] = "auto"
    backend: Literal["auto", "onnxruntime", "tensorrt"] = "auto"


@dataclass(frozen=True)
class ScpSettings:
    """Network storage: studies that other machines send by DICOM C-STORE.

    Attributes
    ----------
    port : int or None
        TCP port; 0 for a free one. None (nothing set): ``triage serve`` starts no network storage, and ``triage scp``
        takes 11112.
    host : str
        Address to listen on. Whoever reaches it may send, so it is this machine alone unless told otherwise.
    ae_title : str
        The appliance's own AE title, up to 16 characters.
    check_called : bool
        Whether a sender must call that title.
    calling_ae_titles : tuple of str
        Titles that may send; empty for all.
    quiet_s : float
        A study is complete so long after its last image, once no association that brought some of it is open; what
        comes later is judged together with it.
    open_s : float
        The same where one still is.
    max_associations : int
        How many may be open at once.
    max_pdu : int
        Bytes of a protocol data unit, at least 4096.
    max_object_mb : int
        Megabytes of one object, which is held in memory.
    timeout_s : float
        How long to wait for a peer that says nothing.
    tls_certificate, tls_key : pathlib.Path or None
        The appliance's certificate and key, PEM; TLS is spoken, and nothing else, where there is a certificate.
    tls_authority : pathlib.Path or None
        Certificates of which one must have signed the sender's; None to ask for none.
    """

    port: Optional[int] = None
    host: str = "127.0.0.1"
    ae_title: str = "TRIAGE"
    check_called: bool = False
    calling_ae_titles: Tuple[str, ...] = ()
    quiet_s: float = 3.0
    open_s: float = 10.0
    max_associations: int = 10
    max_pdu: int = 131072
    max_object_mb: int = 512
    timeout_s: float = 30.0
    tls_certificate: Optional[Path] = None
    tls_key: Optional[Path] = None
    tls_authority: Optional[Path] = None


@dataclass(frozen=True)
class MediaSettings:
    """Discs and sticks that are put into the appliance.

    Attributes
    ----------
    watch : str
        ``udev`` for the devices of this machine, ``folder`` for a folder in their place, ``nothing``. ``triage serve``
        watches too where it is not ``nothing``.
    folder : pathlib.Path
        Each sub-folder of it is a medium; with ``udev``, ``systemd/triage-media@.service`` mounts devices there.
    """

    watch: Literal["nothing", "folder", "udev"] = "nothing"
    folder: Path = Path("/run/triage-media")


@dataclass(frozen=True)
class CameraSettings:
    """Cameras that look at the screen of a CT console.

    Attributes
    ----------
    source : str
        The appliance's own: ``/dev/v4l/by-id/...``, ``rtsp://...``, ``http://...`` (MJPEG), a video file; or empty.
    browsers : bool
        Whether a doctor's telephone or tablet may be the camera, through the page.
    max_frame_mb : float
        Megabytes of one frame that a browser sends.
    quiet_s : float
        A capture is abandoned when no frame came for so long.
    """

    source: str = ""
    browsers: bool = True
    max_frame_mb: float = 4.0
    quiet_s: float = 60.0

    @property
    def shown(self) -> str:
        """The source without the password that may stand in it."""
        return re.sub("//[^/]*@", "//", self.source)


@dataclass(frozen=True)
class HospitalSettings:
    """The hospital, and whom its doctors call.

    Attributes
    ----------
    name : str
        As it stands on the handover sheet.
    on_call_number : str
        The number of who is on call, as dialled from there: digits, ``+ * #``, spaces, hyphens and brackets alone.
    on_call_label : str
        Who answers there.

    Raises
    ------
    ConfigError
        When the number holds anything else, or no digit.
    """

    name: str = ""
    on_call_number: str = ""
    on_call_label: str = ""

    def __post_init__(self) -> None:
        number = self.on_call_number
        if number and not (_DIALLED.fullmatch(number) and re.search("[0-9]", number)):
            raise ConfigError(
                "[hospital] on_call_number must be a number as dialled, of 0-9 + * # ( ) - and spaces, "
                f"not {number!r}; words go into on_call_label."
            )

    @property
    def on_call_uri(self) -> str:
        """The number as a link that dials it (RFC 3966)."""
        return "tel:" + re.sub("[ ()-]", "", self.on_call_number).replace("#", "%23")


@dataclass(frozen=True)
class Settings:
    """All settings.

    Attributes
    ----------
    file : pathlib.Path or None
        The TOML file that some of them come from; no setting itself.
    """

    server: ServerSettings = field(default_factory=ServerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    decode: DecodeSettings = field(default_factory=DecodeSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    scp: ScpSettings = field(default_factory=ScpSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    hospital: HospitalSettings = field(default_factory=HospitalSettings)
    file: Optional[Path] = None
