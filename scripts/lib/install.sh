# Sourced by the scripts beside it: installs a cargo tool from crates.io if it is missing. Never asks for root.

# What `cargo install` writes is found also where the shell's path does not name it.
export PATH="$PATH:${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin"

install_cargo_tool() {
    if command -v "$1" >/dev/null; then
        return 0
    fi
    echo "$1 is missing: installing it from crates.io (some minutes)"
    cargo install --locked "$1"
}
