//! The releases of GitHub: drafts with files, which are then shown.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::forge::address::encoded;
use crate::forge::client::{ForgeContent, ForgeRequest};
use crate::forge::github::Github;
use crate::forge::github::answers::{GithubAsset, GithubRelease};
use crate::forge::local_file::{LocalFile, Namesake};
use crate::forge::model::{Asset, ForgeRelease, WantedRelease, name_on};
use crate::project::config::ForgeKind;

impl Github {
    /// The release of a tag. A draft is only in the list: its tag does not exist yet for GitHub.
    pub(super) fn find_release(&self, tag: &str) -> Result<Option<GithubRelease>> {
        let shown: Option<GithubRelease> = self.client.get(&self.path(&format!("/releases/tags/{}", encoded(tag))))?;
        if shown.is_some() {
            return Ok(shown);
        }
        let all: Vec<GithubRelease> = self.client.pages(&self.path("/releases?"))?;
        // The list begins with the newest. Of two drafts of one tag, every run takes the same one.
        Ok(all.into_iter().rfind(|release| release.tag_name == tag))
    }

    pub(super) fn make_draft(&self, wanted: &WantedRelease) -> Result<ForgeRelease> {
        let find = || Ok(self.find_release(&wanted.tag)?.map(ForgeRelease::from));
        if let Some(found) = find()? {
            return Ok(found);
        }
        let content = release_json(wanted, true);
        let request = ForgeRequest::json("POST", self.path("/releases"), content);
        self.client.make(&request, &[422], &find, &|release: GithubRelease| Ok(release.into()))
    }

    pub(super) fn upload_file(&self, release: &ForgeRelease, name: &str, file: &Path) -> Result<Asset> {
        let local = LocalFile::read(file)?;
        let (there, address) = self.look_at(release)?;
        let renamed = name_on(ForgeKind::Github, name);
        let clear = |assets: &[Asset]| match local.find(assets, &[name, &renamed], &release.tag)? {
            Namesake::Nothing => Ok(None),
            Namesake::Same(asset) => Ok(Some(asset)),
            Namesake::Broken(asset) => self.delete_asset(asset.id).map(|()| None),
        };
        if let Some(asset) = clear(&there)? {
            return Ok(asset);
        }
        let path = format!("{address}?name={}", encoded(name));
        let request = ForgeRequest { method: "POST", path, content: ForgeContent::File(file), wants_json: true };
        // After a lost answer, and after the answer that there is a file of this name.
        let find = || clear(&self.look_at(release)?.0);
        let asset = self.client.make(&request, &[422], &find, &|asset: GithubAsset| Ok(Asset::from(asset)))?;
        if local.is(&asset) { Ok(asset) } else { Err(local.not_kept(name, self.client.kind).into()) }
    }

    /// The files of a release as they are now, and the address that takes more.
    fn look_at(&self, release: &ForgeRelease) -> Result<(Vec<Asset>, String)> {
        let release: GithubRelease = self.client.get_there(&self.path(&format!("/releases/{}", release.id)))?;
        // The address ends in `{?name,label}`.
        let address = release.upload_url.split('{').next().unwrap_or_default().to_owned();
        Ok((release.assets.into_iter().map(Asset::from).collect(), address))
    }

    pub(super) fn delete_asset(&self, asset: u64) -> Result<()> {
        let path = self.path(&format!("/releases/assets/{asset}"));
        self.client.send_repeatable(&ForgeRequest::delete(path), &[404]).map(drop)
    }

    pub(super) fn show(&self, release: &ForgeRelease, wanted: &WantedRelease) -> Result<ForgeRelease> {
        let path = self.path(&format!("/releases/{}", release.id));
        let request = ForgeRequest::json("PATCH", path, release_json(wanted, false));
        let answer = self.client.send_repeatable(&request, &[])?;
        Ok(self.client.read::<GithubRelease>(&request, &answer)?.into())
    }
}

/// The content of a release.
fn release_json(wanted: &WantedRelease, is_draft: bool) -> Value {
    let WantedRelease { tag, commit, name, notes } = wanted;
    let mut content = json!({
        "tag_name": tag,
        "target_commitish": commit.to_string(),
        "name": name,
        "body": notes,
        "draft": is_draft,
    });
    if !is_draft {
        // The release with the highest version stays the latest one: this one may be of an older series.
        content["make_latest"] = json!("legacy");
    }
    content
}
