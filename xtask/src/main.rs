//! The program: everything is in the library, so that an adopter's own xtask is this one line too.

fn main() -> std::process::ExitCode {
    releng::main()
}
