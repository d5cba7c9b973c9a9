//! Paths in addresses.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path with `%` escapes, as in an address. dnf reads a blank or a comma as the end of the address.
pub fn encode(path: impl AsRef<[u8]>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encode = |byte: &u8| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    path.as_ref().iter().map(encode).collect()
}

/// The address of a file or folder of this machine.
pub fn file_address(path: &Path) -> String {
    format!("file://{}", encode(path.as_os_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded() {
        assert_eq!(encode("rpm/el9/a+b^1~2-1.rpm"), "rpm/el9/a%2Bb%5E1~2-1.rpm");
        assert_eq!(file_address(Path::new("/srv/my repos, all/\u{e9}")), "file:///srv/my%20repos%2C%20all/%C3%A9");
    }
}
