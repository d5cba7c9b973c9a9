//! The releases of Forgejo: drafts with files, which are then shown.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::forge::address::encoded;
use crate::forge::client::{ForgeContent, ForgeRequest};
use crate::forge::forgejo::Forgejo;
use crate::forge::forgejo::answers::{ForgejoAsset, ForgejoRelease};
use crate::forge::local_file::{LocalFile, Namesake};
use crate::forge::model::{Asset, ForgeRelease, WantedRelease};

impl Forgejo {
    /// The release of a tag. A draft may be only in the list.
    pub(super) fn find_release(&self, tag: &str) -> Result<Option<ForgeRelease>> {
        let shown: Option<ForgejoRelease> = self.client.get(&self.path(&format!("/releases/tags/{}", encoded(tag))))?;
        if let Some(shown) = shown {
            return Ok(Some(shown.into()));
        }
        let all: Vec<ForgejoRelease> = self.client.numbered_pages(&self.path("/releases?"))?;
        Ok(all.into_iter().rfind(|release| release.tag_name == tag).map(ForgeRelease::from))
    }

    pub(super) fn make_draft(&self, wanted: &WantedRelease) -> Result<ForgeRelease> {
        let find = || self.find_release(&wanted.tag);
        if let Some(found) = find()? {
            return Ok(found);
        }
        let content = release_json(wanted, true);
        let request = ForgeRequest::json("POST", self.path("/releases"), content);
        self.client.make(&request, &[409], &find, &|release: ForgejoRelease| Ok(release.into()))
    }

    pub(super) fn upload_file(&self, release: &ForgeRelease, name: &str, file: &Path) -> Result<Asset> {
        let local = LocalFile::read(file)?;
        let path = self.path(&format!("/releases/{}/assets", release.id));
        // Forgejo keeps two files of one name, so that each try looks first.
        let find = || -> Result<Option<Asset>> {
            let assets: Vec<ForgejoAsset> = self.client.get_there(&path)?;
            let assets: Vec<Asset> = assets.into_iter().map(Asset::from).collect();
            match local.find(&assets, &[name], &release.tag)? {
                Namesake::Same(asset) => Ok(Some(asset)),
                Namesake::Nothing | Namesake::Broken(_) => Ok(None),
            }
        };
        if let Some(asset) = find()? {
            return Ok(asset);
        }
        let content = ForgeContent::Form("attachment", name, file);
        let query = format!("{path}?name={}", encoded(name));
        let request = ForgeRequest { method: "POST", path: query, content, wants_json: true };
        let asset = self.client.make(&request, &[], &find, &|asset: ForgejoAsset| Ok(Asset::from(asset)))?;
        if local.is(&asset) { Ok(asset) } else { Err(local.not_kept(name, self.client.kind).into()) }
    }

    pub(super) fn show(&self, release: &ForgeRelease, wanted: &WantedRelease) -> Result<ForgeRelease> {
        let path = self.path(&format!("/releases/{}", release.id));
        let request = ForgeRequest::json("PATCH", path, release_json(wanted, false));
        let answer = self.client.send_repeatable(&request, &[])?;
        Ok(self.client.read::<ForgejoRelease>(&request, &answer)?.into())
    }
}

/// The content of a release.
fn release_json(wanted: &WantedRelease, is_draft: bool) -> Value {
    let WantedRelease { tag, commit, name, notes } = wanted;
    json!({
        "tag_name": tag,
        "target_commitish": commit.to_string(),
        "name": name,
        "body": notes,
        "draft": is_draft,
    })
}
