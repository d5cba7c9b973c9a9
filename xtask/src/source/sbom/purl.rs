//! Package URLs (purl), which name a package in all formats and tools: `pkg:cargo/anyhow@1.0.100`.

/// The purl of a crate. `source` is the `source` of `Cargo.lock`; one that is not a registry is stated.
pub fn of_crate(name: &str, version: &str, source: Option<&str>) -> String {
    let purl = format!("pkg:cargo/{}@{}", encode(name), encode(version));
    match source.and_then(|source| source.strip_prefix("git+")) {
        // `Cargo.lock` has the branch or tag after `?`, and the commit after `#`.
        Some(address) => {
            let (address, commit) = address.split_once('#').unwrap_or((address, ""));
            let address = address.split('?').next().unwrap_or(address);
            let at = if commit.is_empty() { String::new() } else { format!("@{commit}") };
            format!("{purl}?vcs_url={}", encode(&format!("git+{address}{at}")))
        }
        None => purl,
    }
}

/// The purl of a source RPM. `release` is the number without the dist.
pub fn of_source_rpm(name: &str, version: &str, release: &str) -> String {
    format!("pkg:rpm/{}@{}-{}?arch=src", encode(name), encode(version), encode(release))
}

/// The purl of an archive, which belongs to no registry.
pub fn of_archive(name: &str, version: &str, file: &str, sha256: &str) -> String {
    format!("pkg:generic/{}@{}?checksum=sha256:{sha256}&file_name={}", encode(name), encode(version), encode(file))
}

/// Percent-encodes all but the characters that the rules of purl leave alone.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_of_crates() {
        let registry = Some("registry+https://github.com/rust-lang/crates.io-index");
        let git = Some("git+https://example.org/a.git?branch=main#0123abcd");
        for (version, source, expected) in [
            ("1.0.100", registry, "pkg:cargo/zlib-rs@1.0.100"),
            ("1.0.0+1.2", None, "pkg:cargo/zlib-rs@1.0.0%2B1.2"),
            ("1.0.0", git, "pkg:cargo/zlib-rs@1.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.org%2Fa.git%400123abcd"),
        ] {
            assert_eq!(of_crate("zlib-rs", version, source), expected);
        }
    }

    #[test]
    fn purls_of_files() {
        assert_eq!(of_source_rpm("lago", "1.0.4", "1"), "pkg:rpm/lago@1.0.4-1?arch=src");
        let expected = "pkg:generic/lago@1.0.4?checksum=sha256:00ff&file_name=lago-1.0.4.zip";
        assert_eq!(of_archive("lago", "1.0.4", "lago-1.0.4.zip", "00ff"), expected);
    }
}
