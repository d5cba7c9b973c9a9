//! The releases of GitLab. Their files are links into the registry of packages.
//!
//! GitLab has no drafts. In place of one, the files are kept in the registry; the release is made with all of its links in one request, so
//! that nobody sees half of it.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::forge::address::encoded;
use crate::forge::client::{ForgeContent, ForgeRequest};
use crate::forge::gitlab::Gitlab;
use crate::forge::gitlab::answers::{GitlabLink, GitlabPackage, GitlabPackageFile, GitlabRelease};
use crate::forge::local_file::{LocalFile, Namesake};
use crate::forge::model::{Asset, ForgeRelease, WantedRelease};

impl Gitlab {
    /// The release of a tag. Files in the registry without a release are a draft.
    pub(super) fn find_release(&self, tag: &str) -> Result<Option<ForgeRelease>> {
        let release: Option<GitlabRelease> = self.client.get(&self.path(&format!("/releases/{}", encoded(tag))))?;
        if let Some(release) = release {
            return self.release_of(release).map(Some);
        }
        let kept: Vec<Asset> = self.files_of(tag)?.into_iter().map(|(_, file)| file.into_asset(0)).collect();
        Ok((!kept.is_empty()).then(|| draft_of(tag, kept)))
    }

    fn release_of(&self, release: GitlabRelease) -> Result<ForgeRelease> {
        let files = if release.assets.links.is_empty() { Vec::new() } else { self.files_of(&release.tag_name)? };
        let mut assets = Vec::new();
        for link in release.assets.links {
            let is_ours =
                |(_, file): &&(u64, GitlabPackageFile)| link.url == self.address_of(&release.tag_name, &file.file_name);
            // Of a link that leads elsewhere, nothing but the name is known.
            assets.push(match files.iter().find(is_ours) {
                Some((_, file)) => Asset { name: link.name, ..file.clone().into_asset(link.id) },
                None => Asset { id: link.id, name: link.name, size: 0, digest: None, is_uploaded: true },
            });
        }
        Ok(ForgeRelease {
            id: 0,
            tag: release.tag_name,
            is_draft: false,
            page: release.links.own,
            name: release.name.unwrap_or_default(),
            notes: release.description.unwrap_or_default(),
            assets,
        })
    }

    /// The files of the package of a tag, with the number of the package; the newest of each name.
    fn files_of(&self, tag: &str) -> Result<Vec<(u64, GitlabPackageFile)>> {
        let query =
            format!("package_type=generic&package_name={}&package_version={}", encoded(&self.name), encoded(tag));
        let packages: Vec<GitlabPackage> = self.client.pages(&self.path(&format!("/packages?{query}&")))?;
        // The name of the query is the beginning of a name.
        let own = |package: &&GitlabPackage| package.name == self.name && package.version.as_deref() == Some(tag);
        let mut files: Vec<(u64, GitlabPackageFile)> = Vec::new();
        for package in packages.iter().filter(own) {
            let path = self.path(&format!("/packages/{}/package_files?", package.id));
            for file in self.client.pages::<GitlabPackageFile>(&path)? {
                files.retain(|(_, other)| other.file_name != file.file_name || other.id > file.id);
                files.push((package.id, file));
            }
        }
        Ok(files)
    }

    /// The path in the API of a file in the package of a tag.
    fn file_path(&self, tag: &str, name: &str) -> String {
        self.path(&format!("/packages/generic/{}/{}/{}", encoded(&self.name), encoded(tag), encoded(name)))
    }

    fn address_of(&self, tag: &str, name: &str) -> String {
        format!("{}{}", self.client.api, self.file_path(tag, name))
    }

    /// What is kept so far.
    pub(super) fn make_draft(&self, wanted: &WantedRelease) -> Result<ForgeRelease> {
        Ok(self.find_release(&wanted.tag)?.unwrap_or_else(|| draft_of(&wanted.tag, Vec::new())))
    }

    /// Makes the release, with links to the files of the draft.
    pub(super) fn show(&self, release: &ForgeRelease, wanted: &WantedRelease) -> Result<ForgeRelease> {
        let WantedRelease { tag, commit, name, notes } = wanted;
        let find = || Ok(self.find_release(tag)?.filter(|found| !found.is_draft));
        if let Some(found) = find()? {
            return Ok(found);
        }
        let links: Vec<Value> = release.assets.iter().map(|asset| self.link_json(tag, &asset.name)).collect();
        let content = json!({
            "tag_name": tag,
            "ref": commit.to_string(),
            "name": name,
            "description": notes,
            "assets": {"links": links},
        });
        let request = ForgeRequest::json("POST", self.path("/releases"), content);
        self.client.make(&request, &[409], &find, &|release| self.release_of(release))
    }

    fn link_json(&self, tag: &str, name: &str) -> Value {
        json!({
            "name": name,
            "url": self.address_of(tag, name),
            "direct_asset_path": format!("/{name}"),
            "link_type": "package",
        })
    }

    /// Keeps a file in the registry. If the release is shown already, links to it. Each of the two is done only if it is not there.
    pub(super) fn upload_file(&self, release: &ForgeRelease, name: &str, file: &Path) -> Result<Asset> {
        let local = LocalFile::read(file)?;
        let tag = &release.tag;
        let linked = || -> Result<Option<Asset>> {
            let shown = self.find_release(tag)?.filter(|release| !release.is_draft);
            let assets = shown.map(|release| release.assets).unwrap_or_default();
            match local.find(&assets, &[name], tag)? {
                Namesake::Same(asset) => Ok(Some(asset)),
                Namesake::Nothing | Namesake::Broken(_) => Ok(None),
            }
        };
        if let Some(asset) = linked()? {
            return Ok(asset);
        }
        if !self.keeps(&local, tag, name)? {
            let content = ForgeContent::File(file);
            let request = ForgeRequest { method: "PUT", path: self.file_path(tag, name), content, wants_json: false };
            let find = || Ok(self.keeps(&local, tag, name)?.then_some(()));
            // The answer says nothing of the file.
            self.client.make_unread(&request, &find)?;
            if !self.keeps(&local, tag, name)? {
                return Err(local.not_kept(name, self.client.kind).into());
            }
        }
        if release.is_draft {
            return Ok(local.as_asset(0, name.to_owned()));
        }
        let content = self.link_json(tag, name);
        let path = self.path(&format!("/releases/{}/assets/links", encoded(tag)));
        let request = ForgeRequest::json("POST", path, content);
        let read = |link: GitlabLink| Ok(local.as_asset(link.id, link.name));
        self.client.make(&request, &[400, 409, 422], &linked, &read)
    }

    /// Whether the registry has this file. Another one of the name, which no release links to, is removed.
    fn keeps(&self, local: &LocalFile, tag: &str, name: &str) -> Result<bool> {
        let Some((package, file)) = self.files_of(tag)?.into_iter().find(|(_, file)| file.file_name == name) else {
            return Ok(false);
        };
        let id = file.id;
        if local.is(&file.into_asset(0)) {
            return Ok(true);
        }
        self.delete_file(package, id).map(|()| false)
    }

    fn delete_file(&self, package: u64, file: u64) -> Result<()> {
        let path = self.path(&format!("/packages/{package}/package_files/{file}"));
        self.client.send_repeatable(&ForgeRequest::delete(path), &[404]).map(drop)
    }

    pub(super) fn remove_file(&self, release: &ForgeRelease, asset: &Asset) -> Result<()> {
        let tag = &release.tag;
        let path = self.path(&format!("/releases/{}/assets/links/{}", encoded(tag), asset.id));
        self.client.send_repeatable(&ForgeRequest::delete(path), &[404])?;
        for (package, file) in self.files_of(tag)?.into_iter().filter(|(_, file)| file.file_name == asset.name) {
            self.delete_file(package, file.id)?;
        }
        Ok(())
    }
}

/// The files that are kept for a release.
fn draft_of(tag: &str, assets: Vec<Asset>) -> ForgeRelease {
    ForgeRelease {
        id: 0,
        tag: tag.to_owned(),
        is_draft: true,
        page: String::new(),
        name: String::new(),
        notes: String::new(),
        assets,
    }
}
