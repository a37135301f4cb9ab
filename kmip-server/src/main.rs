//! The `kmip-server` command.

fn main() -> std::process::ExitCode {
    kmip_server::cli::main()
}
