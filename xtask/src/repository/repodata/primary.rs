//! Reads the names, places and digests of packages from the file `primary` of repodata.

use crate::base::digest::Digest;
use crate::repository::repodata::xml_reader::{XmlFault, XmlPart, XmlReader};

/// A package as repodata describes it. The texts can be forged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPackage {
    /// Relative to the folder of the dist.
    pub href: String,
    /// Name, epoch (if it is not 0), version, release and architecture.
    pub nevra: String,
    /// The SHA-256 digest of the file; `None` if repodata has another kind of checksum.
    pub digest: Option<Digest>,
    /// In bytes.
    pub size: u64,
}

/// A package that is being read. What its element does not have stays empty.
#[derive(Default)]
struct ReadPackage {
    name: String,
    arch: String,
    /// Epoch, version and release.
    evr: [String; 3],
    href: String,
    digits: String,
    size: u64,
}

/// Reads the packages of a file.
pub fn read_primary(text: &[u8]) -> Result<Vec<ListedPackage>, XmlFault> {
    let mut reader = XmlReader::new(text)?;
    let (mut packages, mut package) = (Vec::new(), ReadPackage::default());
    while let Some(part) = reader.next_part()? {
        match part {
            XmlPart::Start(tag) => match reader.open() {
                ["metadata", "package"] => package = ReadPackage::default(),
                ["metadata", "package", "name"] => package.name = reader.text_of_element()?,
                ["metadata", "package", "arch"] => package.arch = reader.text_of_element()?,
                ["metadata", "package", "version"] => {
                    package.evr =
                        ["epoch", "ver", "rel"].map(|name| tag.attribute(name).unwrap_or_default().into_owned());
                }
                ["metadata", "package", "checksum"] => {
                    let is_sha256 = tag.attribute("type").as_deref() == Some("sha256");
                    package.digits = reader.text_of_element()?;
                    if !is_sha256 {
                        package.digits.clear();
                    }
                }
                ["metadata", "package", "size"] => {
                    let size = tag.attribute("package").and_then(|size| size.parse().ok());
                    package.size = size.unwrap_or_default();
                }
                ["metadata", "package", "location"] => {
                    package.href = tag.attribute("href").unwrap_or_default().into_owned();
                }
                _ => {}
            },
            XmlPart::End("package") => packages.push(std::mem::take(&mut package).finish()),
            XmlPart::End(_) | XmlPart::Text(_) => {}
        }
    }
    Ok(packages)
}

impl ReadPackage {
    fn finish(self) -> ListedPackage {
        let ReadPackage { name, arch, evr: [epoch, version, release], href, digits, size } = self;
        let epoch = if epoch == "0" || epoch.is_empty() { String::new() } else { format!("{epoch}:") };
        let nevra = format!("{name}-{epoch}{version}-{release}.{arch}");
        ListedPackage { href, nevra, digest: digits.parse().ok(), size }
    }
}
