//! The lists in a header: dependencies, files and changelog. Each is spread over several tags with one element for each item.

use crate::rpm::header::blob::PackageHeader;
use crate::rpm::header::fault::{HeaderFault, HeaderRule};
use crate::rpm::header::tag::HeaderTag;

/// A dependency as the header has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatedDependency<'h> {
    pub name: &'h [u8],
    /// See [`sense`].
    pub flags: u32,
    /// `[epoch:]version[-release]`, or empty.
    pub version: &'h [u8],
}

/// The bits in the flags of a dependency: `rpmsenseFlags` of rpm.
pub mod sense {
    pub const LESS: u32 = 1 << 1;
    pub const GREATER: u32 = 1 << 2;
    pub const EQUAL: u32 = 1 << 3;
    /// Needed before a scriptlet of installation or of the transaction runs.
    pub const BEFORE_SCRIPTLETS: u32 = POSTTRANS | PREREQ | PRETRANS | SCRIPT_PRE | SCRIPT_POST;
    /// A requirement that may stay unmet.
    pub const MISSINGOK: u32 = 1 << 19;
    /// Tells recommendations from suggestions in the old tags of SUSE.
    pub const STRONG: u32 = 1 << 27;
    const POSTTRANS: u32 = 1 << 5;
    const PREREQ: u32 = 1 << 6;
    const PRETRANS: u32 = 1 << 7;
    const SCRIPT_PRE: u32 = 1 << 9;
    const SCRIPT_POST: u32 = 1 << 10;
}

/// A kind of dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependencyKind {
    Provides,
    Conflicts,
    Obsoletes,
    Requires,
    Suggests,
    Enhances,
    Recommends,
    Supplements,
    /// Recommendations and suggestions in the tags that SUSE used before rpm had such tags.
    OldSuggests,
    /// The same for supplements and enhancements.
    OldEnhances,
}

impl DependencyKind {
    /// All kinds, in the order in which createrepo_c reads them.
    pub const ALL: [DependencyKind; 10] = [
        DependencyKind::Provides,
        DependencyKind::Conflicts,
        DependencyKind::Obsoletes,
        DependencyKind::Requires,
        DependencyKind::Suggests,
        DependencyKind::Enhances,
        DependencyKind::Recommends,
        DependencyKind::Supplements,
        DependencyKind::OldSuggests,
        DependencyKind::OldEnhances,
    ];

    /// The tags of names, flags and versions.
    fn tags(self) -> [HeaderTag; 3] {
        type Tag = HeaderTag;
        match self {
            DependencyKind::Provides => [Tag::PROVIDENAME, Tag::PROVIDEFLAGS, Tag::PROVIDEVERSION],
            DependencyKind::Conflicts => [Tag::CONFLICTNAME, Tag::CONFLICTFLAGS, Tag::CONFLICTVERSION],
            DependencyKind::Obsoletes => [Tag::OBSOLETENAME, Tag::OBSOLETEFLAGS, Tag::OBSOLETEVERSION],
            DependencyKind::Requires => [Tag::REQUIRENAME, Tag::REQUIREFLAGS, Tag::REQUIREVERSION],
            DependencyKind::Suggests => [Tag::SUGGESTNAME, Tag::SUGGESTFLAGS, Tag::SUGGESTVERSION],
            DependencyKind::Enhances => [Tag::ENHANCENAME, Tag::ENHANCEFLAGS, Tag::ENHANCEVERSION],
            DependencyKind::Recommends => [Tag::RECOMMENDNAME, Tag::RECOMMENDFLAGS, Tag::RECOMMENDVERSION],
            DependencyKind::Supplements => [Tag::SUPPLEMENTNAME, Tag::SUPPLEMENTFLAGS, Tag::SUPPLEMENTVERSION],
            DependencyKind::OldSuggests => [Tag::OLDSUGGESTSNAME, Tag::OLDSUGGESTSFLAGS, Tag::OLDSUGGESTSVERSION],
            DependencyKind::OldEnhances => [Tag::OLDENHANCESNAME, Tag::OLDENHANCESFLAGS, Tag::OLDENHANCESVERSION],
        }
    }
}

/// A file, folder or link of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedPath<'h> {
    /// With a `/` at its end; empty in a source package, and in packages of rpm before 4, which have whole paths as names.
    pub folder: &'h [u8],
    pub name: &'h [u8],
    /// The type and the permissions.
    pub mode: u16,
    pub flags: u32,
}

impl ListedPath<'_> {
    /// The bit in the flags for a file that the package does not contain.
    const GHOST: u32 = 1 << 6;

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.mode & 0o170_000 == 0o040_000
    }

    /// Whether the package owns the file but does not contain it.
    pub fn is_ghost(&self) -> bool {
        self.flags & ListedPath::GHOST != 0
    }

    /// The whole path.
    pub fn path(&self) -> Vec<u8> {
        [self.folder, self.name].concat()
    }
}

/// An entry of the changelog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatedChange<'h> {
    /// In seconds since 1970.
    pub time: u64,
    pub author: &'h [u8],
    pub text: &'h [u8],
}

impl PackageHeader {
    /// Checks what the functions of this file go by: lists that belong together have one length, and each file has a folder.
    pub fn check_lists(&self) -> Result<(), HeaderFault> {
        let same_length = |tags: &[HeaderTag]| {
            let mut present = tags.iter().filter(|tag| self.has(**tag));
            let Some(first) = present.next() else { return Ok(()) };
            match present.find(|tag| self.count(**tag) != self.count(*first)) {
                Some(tag) => Err(HeaderFault::of_tag(*tag, HeaderRule::ListLengths)),
                None => Ok(()),
            }
        };
        for kind in DependencyKind::ALL {
            same_length(&kind.tags())?;
        }
        same_length(&[HeaderTag::CHANGELOGTIME, HeaderTag::CHANGELOGNAME, HeaderTag::CHANGELOGTEXT])?;
        let names = if self.has(HeaderTag::BASENAMES) { HeaderTag::BASENAMES } else { HeaderTag::OLDFILENAMES };
        let beside = [
            HeaderTag::FILEMODES,
            HeaderTag::FILEFLAGS,
            HeaderTag::FILEUSERNAME,
            HeaderTag::FILEGROUPNAME,
            HeaderTag::FILELINKTOS,
        ];
        same_length(&[&[names][..], &beside].concat())?;
        if names == HeaderTag::BASENAMES {
            let folders = self.count(HeaderTag::DIRNAMES) as u64;
            let indexes = self.count(HeaderTag::DIRINDEXES) == self.count(HeaderTag::BASENAMES);
            if !indexes || self.numbers(HeaderTag::DIRINDEXES).any(|index| index >= folders) {
                return Err(HeaderFault::of_tag(HeaderTag::DIRINDEXES, HeaderRule::FolderIndex));
            }
        }
        Ok(())
    }

    /// The dependencies of a kind, in the order of the header. As for createrepo_c, there are none if one of the three tags is
    /// missing.
    pub fn dependencies(&self, kind: DependencyKind) -> impl Iterator<Item = StatedDependency<'_>> {
        let [names, flags, versions] = kind.tags();
        let stated = self.texts(names).zip(self.numbers(flags)).zip(self.texts(versions));
        stated.map(|((name, flags), version)| StatedDependency {
            name,
            flags: u32::try_from(flags).unwrap_or_default(), // rpm checks that it has 32 bits
            version,
        })
    }

    /// The files of the package, in the order of the header.
    pub fn paths(&self) -> Vec<ListedPath<'_>> {
        let modes = self.numbers(HeaderTag::FILEMODES).map(|mode| u16::try_from(mode).unwrap_or_default());
        let flags = self.numbers(HeaderTag::FILEFLAGS).map(|flags| u32::try_from(flags).unwrap_or_default());
        let facts = modes.zip(flags);
        if !self.has(HeaderTag::BASENAMES) {
            let names = self.texts(HeaderTag::OLDFILENAMES).zip(facts);
            return names.map(|(name, (mode, flags))| ListedPath { folder: b"", name, mode, flags }).collect();
        }
        let folders: Vec<&[u8]> = self.texts(HeaderTag::DIRNAMES).collect();
        let folder = |index: u64| usize::try_from(index).ok().and_then(|index| folders.get(index).copied());
        let indexes = self.numbers(HeaderTag::DIRINDEXES);
        let names = self.texts(HeaderTag::BASENAMES).zip(indexes).zip(facts);
        names
            .map(|((name, index), (mode, flags))| ListedPath {
                folder: folder(index).unwrap_or_default(),
                name,
                mode,
                flags,
            })
            .collect()
    }

    /// The changelog, the newest entry first.
    pub fn changelog(&self) -> impl Iterator<Item = StatedChange<'_>> {
        let names = self.texts(HeaderTag::CHANGELOGNAME).zip(self.texts(HeaderTag::CHANGELOGTEXT));
        let entries = self.numbers(HeaderTag::CHANGELOGTIME).zip(names);
        entries.map(|(time, (author, text))| StatedChange { time, author, text })
    }

    /// Whether it is the header of a source package. Headers of rpm before 4.4 have no tag for it: their files have no folder.
    pub fn is_source(&self) -> bool {
        if self.has(HeaderTag::SOURCEPACKAGE) {
            return self.number(HeaderTag::SOURCEPACKAGE) != Some(0);
        }
        if self.has(HeaderTag::SOURCERPM) {
            return false;
        }
        if self.has(HeaderTag::DIRNAMES) {
            return self.count(HeaderTag::DIRNAMES) == 1 && self.text(HeaderTag::DIRNAMES) == Some(b"");
        }
        self.texts(HeaderTag::OLDFILENAMES).next().is_some_and(|path| !path.starts_with(b"/"))
    }

    /// Whether a source or patch is left out of a source package.
    pub fn lacks_sources(&self) -> bool {
        self.has(HeaderTag::NOSOURCE) || self.has(HeaderTag::NOPATCH)
    }
}
