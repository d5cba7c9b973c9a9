//! Writes a source package: lead, signature, header and payload.
//!
//! The header contains the digest of the payload after it. So the payload is written first, to a temporary file that stays
//! in memory while it is small.

use std::io::{self, Seek, Write};

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::gzip::LEVEL;
use crate::rpm::header::encode::{LeadKind, TagValue, encode_lead};
use crate::rpm::srpm::dependency::{Dependency, EQUAL};
use crate::rpm::srpm::parsed::{Parsed, Translated};
use crate::rpm::srpm::parts::{BUILD_HOST, RPM_VERSION, SHA256, payload_tags, three_tags, write_headers};
use crate::rpm::srpm::payload::{self, Content, Payload, PayloadOrder, SourceFile};
use crate::rpm::srpm::tag::{self, FileKind};

/// The values of a package that come neither from the spec nor from the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFacts<'a> {
    /// The name of the spec inside the package, such as `lago.spec`.
    pub spec_name: &'a str,
    /// Seconds since 1970: the time of the build and of every file.
    pub source_date: u32,
    /// The number of threads for the compression; the bytes do not depend on it.
    pub threads: usize,
}

/// Writes the source package of `spec` to `output`; the same arguments give the same bytes.
///
/// `files` must have every one of [`Parsed::needed_files`]; others are ignored. Errors: a needed file that was not given
/// (a [`Failure`]), one that cannot be read or is too large, a failing output.
pub fn write(spec: &Parsed, files: &[SourceFile], facts: &BuildFacts<'_>, output: &mut impl Write) -> Result<()> {
    let text = Content::Bytes(spec.text.clone().into_bytes());
    let spec_file = SourceFile { name: facts.spec_name.to_owned(), mode: 0o644, content: text };
    let chosen = choose(spec, &spec_file, files)?;
    let level = spec.payload_level.unwrap_or(LEVEL);
    let order = PayloadOrder { seconds: facts.source_date, threads: facts.threads, level };
    let mut spool = files::spool();
    let payload = payload::write(&chosen, order, &mut spool)?;
    let epoch = spec.epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let lead = encode_lead(LeadKind::Source, &format!("{}-{epoch}{}-{}", spec.name(), spec.version(), spec.release()));
    write_headers(&lead, header_tags(spec, facts, &payload), &payload, output)?;
    spool.rewind()?;
    io::copy(&mut spool, output)?;
    Ok(())
}

/// The spec and all files that it names, each once, sorted by name as in rpm.
fn choose<'f>(spec: &Parsed, spec_file: &'f SourceFile, files: &'f [SourceFile]) -> Result<Vec<&'f SourceFile>> {
    let mut chosen = vec![spec_file];
    for name in spec.needed_files().into_iter().filter(|name| *name != spec_file.name) {
        let Some(file) = files.iter().find(|file| file.name == name) else {
            return Err(
                Failure::new(Exit::Failed, format!("the spec names the file `{name}`, which was not given")).into()
            );
        };
        chosen.push(file);
    }
    chosen.sort_by_key(|file| &file.name);
    Ok(chosen)
}

fn header_tags(spec: &Parsed, facts: &BuildFacts<'_>, payload: &Payload) -> Vec<(u32, TagValue)> {
    let mut tags = vec![
        (100, TagValue::Texts(spec.languages.clone())),
        (1006, TagValue::number(facts.source_date)),
        (1007, TagValue::text(BUILD_HOST)),
        (1021, TagValue::text("linux")),
        // rpmbuild writes the architecture of the build host here; this writer does not use the host.
        (1022, TagValue::text("noarch")),
        (1064, TagValue::text(RPM_VERSION)),
        (1089, TagValue::Texts(spec.build_architectures.clone())),
        (1094, TagValue::text(format!("{BUILD_HOST} {}", facts.source_date))),
        (1106, TagValue::number(1)), // this is a source package
        (5062, TagValue::text("utf-8")),
    ];
    tags.extend(payload_tags(payload));
    tags.extend(spec.texts.iter().map(|(tag, text)| (*tag, TagValue::text(text))));
    tags.extend(spec.epoch.map(|epoch| (1003, TagValue::number(epoch))));
    tags.extend(spec.translated.iter().map(|(tag, text)| (*tag, translated(text))));
    tags.extend(spec.restrictions.iter().map(|(tag, names)| (*tag, TagValue::Texts(names.clone()))));
    tags.extend(source_tags(spec));
    tags.extend(file_tags(facts, payload));
    tags.extend(dependency_tags(spec));
    tags.extend(changelog_tags(spec));
    tags
}

/// The texts up to the last language that has one; a language before it without a text has an empty text.
fn translated(text: &Translated) -> TagValue {
    let count = text.0.keys().next_back().map_or(0, |last| last + 1);
    TagValue::Translated((0..count).map(|index| text.0.get(&index).cloned().unwrap_or_default()).collect())
}

/// The names of sources and patches; as in rpm, each list begins with the last one.
fn source_tags(spec: &Parsed) -> [(u32, TagValue); 2] {
    [(FileKind::Source, 1018), (FileKind::Patch, 1019)].map(|(kind, tag)| {
        let names = spec.sources.iter().rev().filter(|source| source.kind == kind).map(|source| source.name.clone());
        (tag, TagValue::Texts(names.collect()))
    })
}

fn file_tags(facts: &BuildFacts<'_>, payload: &Payload) -> Vec<(u32, TagValue)> {
    const SPEC_FILE: u32 = 1 << 5;
    const VERIFY_ALL: u32 = u32::MAX;
    let files = &payload.files;
    let each = |number: u32| TagValue::Int32(vec![number; files.len()]);
    let each_text = |text: &str| TagValue::Texts(vec![text.to_owned(); files.len()]);
    let flags = files.iter().map(|file| if file.name == facts.spec_name { SPEC_FILE } else { 0 }).collect();
    let total = files.iter().map(|file| u64::from(file.size)).sum::<u64>();
    vec![
        (tag::SIZE, TagValue::number(u32::try_from(total).unwrap_or(u32::MAX))), // `payload::write` refuses more
        (1028, TagValue::Int32(files.iter().map(|file| file.size).collect())),
        (1030, TagValue::Int16(files.iter().map(|file| file.mode).collect())),
        (1033, TagValue::Int16(vec![0; files.len()])), // device numbers, of device files
        (1034, each(facts.source_date)),
        (1035, TagValue::Texts(files.iter().map(|file| file.digest.to_string()).collect())),
        (1036, each_text("")), // targets of links
        (1037, TagValue::Int32(flags)),
        (1039, each_text("root")),
        (1040, each_text("root")),
        (1045, each(VERIFY_ALL)),
        (1095, each(1)),                                            // the device a file was on
        (1096, TagValue::Int32((1..).take(files.len()).collect())), // its inode, by which hard links are known
        (1097, each_text("")),                                      // languages
        (1116, each(0)),                                            // the folder, as an index of 1118
        (1117, TagValue::Texts(files.iter().map(|file| file.name.clone()).collect())),
        (1118, TagValue::Texts(vec![String::new()])),
        (5011, TagValue::number(SHA256)),
    ]
}

/// The tags of build requirements and conflicts, and of the packages that a build makes.
fn dependency_tags(spec: &Parsed) -> Vec<(u32, TagValue)> {
    let mut requires = spec.requires.clone();
    requires.push(Dependency::on_rpm("CompressedFileNames", "3.0.4-1"));
    requires.push(Dependency::on_rpm("FileDigests", "4.6.0-1"));
    let stated = || spec.requires.iter().chain(&spec.conflicts);
    let features = [
        (stated().any(|one| one.version_has('~')), "TildeInVersions", "4.10.0-1"),
        (stated().any(|one| one.version_has('^')), "CaretInVersions", "4.15.0-1"),
        (stated().any(Dependency::is_rich), "RichDependencies", "4.12.0-1"),
    ];
    let used = features.into_iter().filter(|(is_used, ..)| *is_used);
    requires.extend(used.map(|(_, feature, since)| Dependency::on_rpm(feature, since)));
    if spec.has_dynamic_requires {
        requires.push(Dependency::on_rpm("DynamicBuildRequires", "4.15.0-1").that_may_be_missing());
    }
    let provides = spec.provides.iter().map(|package| Dependency {
        name: package.name.clone(),
        version: package.evr.clone(),
        flags: EQUAL,
    });
    let mut tags = Vec::new();
    tags.extend(three_tags([1049, 1050, 1048], sorted(requires)));
    tags.extend(three_tags([1054, 1055, 1053], sorted(spec.conflicts.clone())));
    tags.extend(three_tags([1047, 1113, 1112], provides.collect()));
    tags
}

fn sorted(mut dependencies: Vec<Dependency>) -> Vec<Dependency> {
    dependencies.sort();
    dependencies.dedup();
    dependencies
}

fn changelog_tags(spec: &Parsed) -> [(u32, TagValue); 3] {
    let entries = &spec.changelog;
    [
        (1080, TagValue::Int32(entries.iter().map(|entry| entry.seconds).collect())),
        (1081, TagValue::Texts(entries.iter().map(|entry| entry.name.clone()).collect())),
        (1082, TagValue::Texts(entries.iter().map(|entry| entry.text.clone()).collect())),
    ]
}
