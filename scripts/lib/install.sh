# Sourced by the scripts beside it: installs what a part needs if it is missing. Never asks for a password.

# What `cargo install` writes is found also where the shell's path does not name it.
export PATH="$PATH:${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin"

install_cargo_tool() {
    if command -v "$1" >/dev/null; then
        return 0
    fi
    echo "$1 is missing: installing it from crates.io (some minutes)"
    cargo install --locked "$1"
}

# install_system_tool PROGRAM PACKAGE: with apt, as root or by a sudo that asks for nothing. What cannot be had is
# said loudly, and left to the tests that need it: they fail unless they are told to go without.
install_system_tool() {
    if command -v "$1" >/dev/null; then
        return 0
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo -n)
    fi
    echo "$1 is missing: installing the package $2"
    if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq "$2"; }; then
        echo "WARNING: $2 could not be installed; install it by hand" >&2
    fi
}
