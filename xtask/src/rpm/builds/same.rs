//! Compares two copies of a noarch package that were built on different architectures. One copy is kept for all of them, so
//! dependencies, scriptlets, and the names and modes of files must be equal. Other bytes may differ, such as the name
//! of the build host.

use crate::rpm::header::blob::PackageHeader;
use crate::rpm::header::contents::DependencyKind;
use crate::rpm::header::tag::HeaderTag;
use crate::rpm::package::PackageFile;

const DEPENDENCIES: [(DependencyKind, &str); 8] = [
    (DependencyKind::Requires, "what they require"),
    (DependencyKind::Provides, "what they provide"),
    (DependencyKind::Conflicts, "what they conflict with"),
    (DependencyKind::Obsoletes, "what they obsolete"),
    (DependencyKind::Recommends, "what they recommend"),
    (DependencyKind::Suggests, "what they suggest"),
    (DependencyKind::Enhances, "what they enhance"),
    (DependencyKind::Supplements, "what they supplement"),
];

/// The scriptlets, with the tags of their text and of the program that runs it.
const SCRIPTLETS: [(&str, HeaderTag, HeaderTag); 8] = [
    ("%pre", HeaderTag::PREIN, HeaderTag::PREINPROG),
    ("%post", HeaderTag::POSTIN, HeaderTag::POSTINPROG),
    ("%preun", HeaderTag::PREUN, HeaderTag::PREUNPROG),
    ("%postun", HeaderTag::POSTUN, HeaderTag::POSTUNPROG),
    ("%pretrans", HeaderTag::PRETRANS, HeaderTag::PRETRANSPROG),
    ("%posttrans", HeaderTag::POSTTRANS, HeaderTag::POSTTRANSPROG),
    ("%preuntrans", HeaderTag::PREUNTRANS, HeaderTag::PREUNTRANSPROG),
    ("%postuntrans", HeaderTag::POSTUNTRANS, HeaderTag::POSTUNTRANSPROG),
];

/// The first difference between two packages; `None` where they install the same.
pub fn find_difference(one: &PackageFile, other: &PackageFile) -> Option<&'static str> {
    let (one, other) = (&one.head.header, &other.head.header);
    for (kind, what) in DEPENDENCIES {
        if !one.dependencies(kind).eq(other.dependencies(kind)) {
            return Some(what);
        }
    }
    for (scriptlet, text, program) in SCRIPTLETS {
        if one.text(text) != other.text(text) || !one.texts(program).eq(other.texts(program)) {
            return Some(scriptlet);
        }
    }
    let owners = [HeaderTag::FILEUSERNAME, HeaderTag::FILEGROUPNAME, HeaderTag::FILELINKTOS];
    let same_owners = owners.iter().all(|tag| one.texts(*tag).eq(other.texts(*tag)));
    let same_files = same_owners && paths(one) == paths(other);
    (!same_files).then_some("names, modes and owners of files")
}

/// The files of a package with their modes and flags. Two headers may list the folders in another order.
fn paths(header: &PackageHeader) -> Vec<(Vec<u8>, u16, u32)> {
    header.paths().iter().map(|listed| (listed.path(), listed.mode, listed.flags)).collect()
}
