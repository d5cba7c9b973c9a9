//! Words that no other program can guess.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result};

/// A word of 32 hexadecimal digits, from the random numbers of the system.
pub fn secret_token() -> Result<String> {
    const SOURCE: &str = "/dev/urandom";
    let mut bytes = [0; 16];
    File::open(SOURCE)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .with_context(|| format!("cannot read `{SOURCE}`"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
