#!/bin/bash
# Installs the appliance on a Jetson with JetPack 5 or 6, without any network, from the folder that this file lies in
# (`make wheelhouse` makes it). Every action can be repeated, also after a power cut.
#
#   sudo ./install.sh                               install this release, or update to it
#   sudo ./install.sh roll-back                     go back to the release before
#   sudo ./install.sh roll-back --restore-records   and put back the copy of the records made before the update
#   sudo ./install.sh uninstall                     remove everything but the data in /var/lib/headct-triage
#
# Afterwards `sudo triage-release roll-back` and `sudo triage-release uninstall` do the same without this folder.
#
# PYTHON   the interpreter; JetPack's own if not given, since its bindings of TensorRT are made for that one
# CUDA     its folder, if it is not /usr/local/cuda
# DESTDIR  a folder to install into as if it were /, to make an image: no account is made, nothing is started
set -euo pipefail
umask 022

root=${DESTDIR:+$(readlink -m "$DESTDIR")}
python=${PYTHON:-/usr/bin/python3}
here=$(dirname "$(readlink -f "$0")")
cd / # a folder with Python modules in it must not take the place of a release's
opt=/opt/headct-triage
etc=/etc/headct-triage
state=/var/lib/headct-triage
releases=$root$opt/releases

say() { echo "install.sh: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

# --- a release: one folder with its own environment, which nothing changes once it is complete

make_release() { # version, wheel
    local release=$releases/$1 share=$releases/$1/share/headct-triage built
    built=$(sha256sum <"$2" | cut -d ' ' -f 1)
    if [ -f "$share/complete" ]; then
        [ "$(cat "$share/complete")" = "$built" ] ||
            fail "release $1 is installed from another build; a new build needs a new version number."
    else
        rm -rf "$release" # half-made
        say "making release $1, some minutes"
        mkdir -p "$releases"
        # TensorRT's bindings come from JetPack's own packages; Ubuntu's pip is too old for today's wheels
        "$python" -m venv --system-site-packages --without-pip "$release"
        pip "$release" --ignore-installed --only-binary :all: --require-hashes --requirement "$here/requirements.txt" \
            "file://$2#sha256=$built"
        mkdir -p "$share"
        cp -r "$here/install.sh" "$here/systemd" "$share/"
        settle "$release"
        sync
        echo "$built" >"$share/complete"
    fi
    build_pycuda "$release"
}

pip() { # release, options
    local release=$1 wheel
    shift
    wheel=$(ls "$here"/wheels/pip-*.whl)
    PYTHONPATH=$wheel "$release/bin/python" -m pip --isolated install --quiet --disable-pip-version-check \
        --no-cache-dir --no-index --find-links "$here/wheels" --no-deps "$@"
}

build_pycuda() { # release: for this device's CUDA, which may be installed later than this release
    [ -f "$here/requirements-cuda.txt" ] || return 0
    [ ! -d "$(echo "$1"/lib/python3*/site-packages/pycuda)" ] || return 0
    if [ ! -x "${CUDA:-/usr/local/cuda}/bin/nvcc" ]; then
        say "no CUDA compiler here, so ONNX Runtime will serve." \
            "For TensorRT: apt install nvidia-jetpack, then run this again."
        return 0
    fi
    say "building pycuda, some minutes"
    PATH=${CUDA:-/usr/local/cuda}/bin:$PATH pip "$1" --no-build-isolation --require-hashes \
        --requirement "$here/requirements-cuda.txt" ||
        say "pycuda was not built, for the reason above, so ONNX Runtime will serve." \
            "For TensorRT: mend it, then run this again."
}

settle() { # release: what was made below DESTDIR will be found without it
    [ -n "$root" ] || return 0
    grep -rlI "$root" "$1/bin" "$1/pyvenv.cfg" | xargs -r sed -i "s|$root$opt|$opt|g"
}

# --- switching between releases: units first, then one rename

place_of() { # file of systemd/
    case $1 in
    *.service | *.target) echo "$root/etc/systemd/system/$1" ;;
    *.sysusers) echo "$root/etc/sysusers.d/${1%.sysusers}.conf" ;;
    *.tmpfiles) echo "$root/etc/tmpfiles.d/${1%.tmpfiles}.conf" ;;
    *.rules) echo "$root/etc/udev/rules.d/$1" ;;
    *) echo ;;
    esac
}

units_of() { # release
    ls "$1/share/headct-triage/systemd" 2>/dev/null || true
}

switch_to() { # version
    local release=$releases/$1 file place new=()
    for file in $(units_of "$root$opt/current"); do
        place=$(place_of "$file")
        [ -e "$release/share/headct-triage/systemd/$file" ] || [ -z "$place" ] || forget "$file" "$place"
    done
    for file in $(units_of "$release"); do
        place=$(place_of "$file")
        [ -n "$place" ] || continue
        # what somebody disabled stays so
        if [ ! -e "$place" ] && grep -q '^\[Install\]' "$release/share/headct-triage/systemd/$file"; then
            new+=("$file")
        fi
        install -D -m 0644 "$release/share/headct-triage/systemd/$file" "$place"
    done
    [ "${#new[@]}" = 0 ] || systemctl ${root:+--root="$root"} --quiet enable "${new[@]}"
    if [ "$(version_of current)" != "$1" ]; then
        [ -z "$(version_of current)" ] || link "releases/$(version_of current)" previous
        link "releases/$1" current
    fi
    commands
}

forget() { # unit, its place
    if grep -qs '^\[Install\]' "$2"; then systemctl ${root:+--root="$root"} --quiet disable "$1" || true; fi
    rm -f "$2"
}

link() { # target, name: a rename, so that there is always one
    ln -sfn "$1" "$root$opt/.$2"
    mv -T "$root$opt/.$2" "$root$opt/$2"
}

version_of() { # current or previous
    [ ! -L "$root$opt/$1" ] || basename "$(readlink "$root$opt/$1")"
}

commands() { # `triage` with this appliance's settings; as root it would leave files that the parts cannot write
    install -d "$root/usr/local/bin" "$root/usr/local/sbin"
    cat >"$root/usr/local/bin/.triage" <<TRIAGE
#!/bin/sh
export TRIAGE_CONFIG=$etc/triage.toml PYTHONNOUSERSITE=1
[ "\$(id -u)" != 0 ] || exec runuser -u triage -- $opt/current/bin/triage "\$@"
exec $opt/current/bin/triage "\$@"
TRIAGE
    chmod 0755 "$root/usr/local/bin/.triage"
    mv "$root/usr/local/bin/.triage" "$root/usr/local/bin/triage"
    ln -sfn "$opt/current/share/headct-triage/install.sh" "$root/usr/local/sbin/triage-release"
}

remove_other_releases() {
    local release
    for release in "$releases"/*; do
        case $(basename "$release") in
        "$(version_of current)" | "$(version_of previous)") ;;
        *) rm -rf "$release" ;;
        esac
    done
}

# --- the running machine; nothing of it below DESTDIR

stop() { # whatever goes wrong from here on, nobody is left with an appliance that stands still
    trap 'say "the parts are started again"; start || true' EXIT
    [ -n "$root" ] || [ ! -e /etc/systemd/system/triage.target ] ||
        systemctl stop triage.target 'triage-*.service'
}

start() {
    trap - EXIT
    [ -z "$root" ] || return 0
    systemd-sysusers /etc/sysusers.d/triage.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/triage.conf
    systemctl daemon-reload
    udevadm control --reload
    systemctl start triage.target
    for _ in $(seq 60); do
        if /usr/local/bin/triage health >/dev/null 2>&1; then
            say "release $(version_of current) runs; its page answers"
            return 0
        fi
        sleep 2
    done
    fail "release $(version_of current) is started, but its page does not answer; see journalctl -u 'triage-*'." \
        "sudo triage-release roll-back goes back to the release before, if there is one."
}

# --- records

of_release() { # version, module, arguments: as the appliance's account, with its settings
    local release=$releases/$1
    shift
    if [ -z "$root" ]; then
        runuser -u triage -- env TRIAGE_CONFIG=$etc/triage.toml PYTHONNOUSERSITE=1 "$release/bin/python" "$@"
    else
        TRIAGE_CONFIG=$root$etc/triage.toml TRIAGE_STORE_FOLDER=$root$state/store "$release/bin/python" "$@"
    fi
}

store_folder() { # version
    of_release "$1" -c 'from appliance.config_file import load_settings; print(load_settings().store.folder)'
}

copy_records() { # version that makes the copy, name of the copy
    local folder
    folder=$(store_folder "$1") || return 1
    [ -e "$folder/cases.sqlite" ] || return 0
    if [ -n "$root" ]; then mkdir -p "$root$state/backups"; fi
    of_release "$1" -m appliance.cli backup "$root$state/backups/$2.sqlite" >/dev/null
}

restore_records() { # version that made the copy, name of the copy
    local folder copy=$root$state/backups/$2.sqlite
    folder=$(store_folder "$1")
    # whole on the disk before anything of today's goes: the disk may be full
    if ! cp -T --preserve=mode,ownership "$copy" "$folder/.cases.sqlite" || ! sync "$folder/.cases.sqlite"; then
        rm -f "$folder/.cases.sqlite"
        fail "the copy of the records could not be put back, so release $1 stays, with the records of today."
    fi
    rm -f "$folder/cases.sqlite-wal" "$folder/cases.sqlite-shm" "$folder/audit.head"
    mv -T "$folder/.cases.sqlite" "$folder/cases.sqlite"
}

# --- actions

install_release() {
    local wheel version current
    wheel=$(ls "$here"/wheels/headct_triage-*.whl 2>/dev/null) ||
        fail "no release lies beside this file; copy the whole folder that make wheelhouse made."
    version=$(basename "$wheel" | cut -d - -f 2)
    [ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$(cat "$here/python")" ] ||
        fail "$python is not Python $(cat "$here/python"), for which this folder was made; take that of your JetPack."
    make_release "$version" "$wheel"
    settings
    current=$(version_of current)
    if [ -n "$current" ] && [ "$current" != "$version" ]; then
        say "updating from release $current to $version"
        stop
        copy_records "$current" "before-$version" ||
            fail "the records could not be copied, so release $current stays."
    fi
    switch_to "$version"
    remove_other_releases
    start
}

settings() { # those that are there stay; those of an earlier installation come back, readable for whom they were
    local place=$root$etc/triage.toml kept=$root$state/triage.toml from=$here/systemd/triage.toml mode=0644 group
    [ ! -e "$place" ] || return 0
    [ -n "$root" ] || systemd-sysusers "$here/systemd/triage.sysusers"
    # the camera's address may hold a password: for the appliance's account alone
    group=$(sed -n 's/^triage:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/group" 2>/dev/null || true)
    if [ -e "$kept" ]; then
        from=$kept mode=$(stat -c %a "$kept") group=${group:-$(stat -c %g "$kept")}
    elif [ -n "$group" ]; then
        mode=0640
    fi
    install -D -m "$mode" ${group:+-g "$group"} "$from" "$place"
    rm -f "$kept"
}

roll_back() { # --restore-records, or nothing
    local current previous
    current=$(version_of current) previous=$(version_of previous)
    [ -n "$previous" ] && [ -d "$releases/$previous" ] || fail "there is no release to go back to."
    [ "${1:-}" != --restore-records ] || [ -f "$root$state/backups/before-$current.sqlite" ] ||
        fail "there is no copy of the records from before the update to $current; nothing was changed."
    stop
    if [ "${1:-}" = --restore-records ]; then
        copy_records "$current" before-roll-back ||
            fail "the records could not be copied, so release $current stays."
        restore_records "$current" "before-$current"
        say "the records are those from before the update to $current." \
            "What came since is in $state/backups/before-roll-back.sqlite."
    else
        # by the release that goes on with them: the other one would bring them to its own tables
        copy_records "$previous" before-roll-back ||
            fail "release $previous cannot use the records that $current has written, so $current stays." \
                "With --restore-records those from before the update are put back; cases since then would be missing."
    fi
    switch_to "$previous"
    start
    say "back to release $previous; another roll-back goes forward to $current again"
}

uninstall() {
    local file place
    stop
    trap - EXIT # half of an appliance is not started; this can be repeated
    for file in $(units_of "$root$opt/current"); do
        place=$(place_of "$file")
        [ -z "$place" ] || forget "$file" "$place"
    done
    if [ -e "$root$etc/triage.toml" ]; then
        mkdir -p "$root$state"
        mv "$root$etc/triage.toml" "$root$state/triage.toml"
    fi
    rm -rf "$root$opt" "$root/usr/local/bin/triage" "$root/usr/local/sbin/triage-release"
    rmdir --ignore-fail-on-non-empty "$root$etc" 2>/dev/null || true
    if [ -z "$root" ]; then
        systemctl daemon-reload
        udevadm control --reload
    fi
    say "removed. Records, pictures and settings stay in $state, and the account triage owns them;" \
        "rm -r $state and userdel triage remove these too."
}

[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "run this with sudo."
case "${1:-install}${2:+ $2}" in
install) install_release ;;
roll-back | "roll-back --restore-records") roll_back "${2:-}" ;;
uninstall) uninstall ;;
*) fail "usage: install.sh [roll-back [--restore-records] | uninstall]" ;;
esac
