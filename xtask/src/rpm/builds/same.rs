//! Compares two copies of a noarch package that were built on different architectures. One copy is kept for all of them, so
//! dependencies, scriptlets, and the names and modes of files must be equal. Other bytes may differ, such as the name
//! of the build host.

use std::fmt::Debug;

use crate::rpm::package::PackageFile;

/// The first difference between two packages; `None` where they install the same.
pub fn find_difference(one: &PackageFile, other: &PackageFile) -> Option<&'static str> {
    let (one, other) = (&one.metadata, &other.metadata);
    let dependencies = [
        ("what they require", shown(one.get_requires()), shown(other.get_requires())),
        ("what they provide", shown(one.get_provides()), shown(other.get_provides())),
        ("what they conflict with", shown(one.get_conflicts()), shown(other.get_conflicts())),
        ("what they obsolete", shown(one.get_obsoletes()), shown(other.get_obsoletes())),
        ("what they recommend", shown(one.get_recommends()), shown(other.get_recommends())),
        ("what they suggest", shown(one.get_suggests()), shown(other.get_suggests())),
        ("what they enhance", shown(one.get_enhances()), shown(other.get_enhances())),
        ("what they supplement", shown(one.get_supplements()), shown(other.get_supplements())),
    ];
    let scriptlets = [
        ("%pre", shown(one.get_pre_install_script()), shown(other.get_pre_install_script())),
        ("%post", shown(one.get_post_install_script()), shown(other.get_post_install_script())),
        ("%preun", shown(one.get_pre_uninstall_script()), shown(other.get_pre_uninstall_script())),
        ("%postun", shown(one.get_post_uninstall_script()), shown(other.get_post_uninstall_script())),
        ("%pretrans", shown(one.get_pre_trans_script()), shown(other.get_pre_trans_script())),
        ("%posttrans", shown(one.get_post_trans_script()), shown(other.get_post_trans_script())),
    ];
    let listed = |metadata: &rpm::PackageMetadata| {
        let entries = metadata.get_file_entries().unwrap_or_default();
        let listed = entries.iter().map(|entry| {
            let owner = (entry.user().to_owned(), entry.group().to_owned());
            (entry.path(), entry.mode(), owner, entry.flags(), entry.linkto().map(str::to_owned))
        });
        format!("{:?}", listed.collect::<Vec<_>>())
    };
    let files = [("names, modes and owners of files", listed(one), listed(other))];
    let all = dependencies.into_iter().chain(scriptlets).chain(files);
    all.into_iter().find_map(|(what, one, other)| (one != other).then_some(what))
}

/// A value of the header as text; `nothing` where the header has none.
fn shown<T: Debug, E>(value: Result<T, E>) -> String {
    value.map_or_else(|_| "nothing".to_owned(), |value| format!("{value:?}"))
}
