//! What only GitHub has.

use releng::project::config::ForgeKind;

use crate::support::forge::Double;

#[test]
fn the_own_account_is_known_for_each_kind_of_token() {
    let forge = Double::start(ForgeKind::Github);
    let own = forge.client().own_account().unwrap();
    assert_eq!((own.id, own.login.as_str(), own.is_person), (100, "releng-bot", false));
    forge.with(|state| state.is_application = true);
    assert_eq!(forge.client().own_account().unwrap(), own);
}

#[test]
fn a_pull_request_is_not_sent_again_while_it_is_the_same() {
    let forge = Double::start(ForgeKind::Github);
    let client = forge.client();
    client.pull(5).unwrap();
    client.pull(5).unwrap();
    forge.with(|state| state.pulls[0].title = "Another".to_owned());
    assert_eq!(client.pull(5).unwrap().unwrap().title, "Another");
    let statuses: Vec<String> = forge.asked().iter().map(|line| line[..3].to_owned()).collect();
    assert_eq!(statuses, ["200", "304", "200"]);
}
