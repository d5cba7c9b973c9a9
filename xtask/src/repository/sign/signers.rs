//! Which keys have signed packages and files. The signatures are read, not verified.

use std::ffi::OsString;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::files::TreePath;
use crate::repository::sign::{AT_ONCE, error_line, gpg, run};

/// The ids of the keys that have signed packages: one for each package that is signed. rpm is called for each part of the packages
/// when it is asked for.
///
/// Errors: a file is not a package; rpm is not installed.
pub fn signers_of_packages(packages: &[TreePath]) -> impl Iterator<Item = Result<Vec<String>>> {
    packages.chunks(AT_ONCE).map(signers_of_part)
}

fn signers_of_part(packages: &[TreePath]) -> Result<Vec<String>> {
    let args = ["-qip", "--nosignature", "--nodigest"].map(OsString::from);
    let paths = packages.iter().map(|path| path.for_programs().into());
    let listed = run("rpm", args.into_iter().chain(paths).collect(), None, b"")?;
    if !listed.status.success() {
        let message = format!("rpm cannot read the packages: {}", error_line(&listed.errors));
        return Err(Failure::new(Exit::Failed, message).into());
    }
    let text = String::from_utf8_lossy(&listed.output).into_owned();
    let (signers, unsigned) = (parse_signers(&text), text.lines().filter(|line| is_unsigned(line)).count());
    if signers.len() + unsigned < packages.len() {
        let message = "rpm lists the signatures of packages in a form that is not known";
        return Err(Failure::new(Exit::Failed, message).help("use rpm 4.8 to 6").into());
    }
    Ok(signers)
}

/// The id of the key that has made an armoured signature; `None` if the text is no such signature.
pub fn signer_of_signature(signature: &[u8]) -> Result<Option<String>> {
    let listed = gpg(None, &["--list-packets"], signature)?;
    let text = String::from_utf8_lossy(&listed.output).into_owned();
    Ok(text
        .lines()
        .find_map(|line| line.strip_prefix(":signature packet: ")?.split("keyid ").nth(1))
        .map(str::to_owned))
}

/// The ids in the output of `rpm -qi`, such as `Signature   : RSA/SHA256, Thu Mar 19 08:24:41 2020, Key ID 713e1451af742bee`.
/// rpm 6 writes fingerprints, in lines of their own. Text of the package that looks alike only makes a key needed for longer.
fn parse_signers(output: &str) -> Vec<String> {
    let id = |line: &str| {
        let (_, id) = line.rsplit_once("Key ID ").or_else(|| line.rsplit_once("Key Fingerprint: "))?;
        let is_id = id.len() >= 8 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_id.then(|| id.to_owned())
    };
    output.lines().filter_map(|line| id(line.trim_end())).collect()
}

fn is_unsigned(line: &str) -> bool {
    line.split_once(':').is_some_and(|(label, value)| label.trim_end() == "Signature" && value.trim() == "(none)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_ends_the_line() {
        let output = "Name        : a\nSignature   : RSA/SHA256, Thu Mar 19 08:24:41 2020, Key ID 713e1451af742bee\n\
            Name        : b\nSignature   : (none)\nDescription :\nSignatures: 0123456789abcdef\n\
            Name        : c\nSignature   :\n              EdDSA/SHA256, Thu Mar 19 08:24:41 2020, Key Fingerprint: 0a60df1a\n";
        assert_eq!(parse_signers(output), ["713e1451af742bee", "0a60df1a"]);
        assert_eq!(output.lines().filter(|line| is_unsigned(line)).count(), 1);
    }
}
