//! The binary: hands the command line to [`whycert::cli`] and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    whycert::cli::main()
}
