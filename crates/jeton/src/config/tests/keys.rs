//! The files of keys.

use std::{fs, io, os::unix::fs::PermissionsExt as _};

use super::{
    super::{KeyUse, create_key_file, others_may_enter, read_file},
    ConfigIssue, KeySource, World,
};

#[test]
fn a_key_file_is_made_once_and_for_its_owner_alone() {
    let world = World::new();
    let path = world.path("seal.key");
    create_key_file(&path, &"first".to_owned().into()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = create_key_file(&path, &"second".to_owned().into()).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    let read = KeySource::File(path).read(KeyUse::Seal).unwrap().unwrap();
    assert_eq!(read.expose(), "first");
    let names: Vec<_> = fs::read_dir(world.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["seal.key"], "nothing is left beside it");
    let empty = KeySource::File(world.file("empty", " \n"));
    fs::set_permissions(world.path("empty"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(empty.read(KeyUse::Seal), Err(ConfigIssue::File { .. })));
}

#[test]
fn whatever_stands_at_the_place_of_a_key_stays() {
    let world = World::new();
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("link")).unwrap();
    fs::create_dir(world.path("directory")).unwrap();
    for name in ["link", "directory"] {
        let error = create_key_file(&world.path(name), &"key".to_owned().into()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}");
    }
    assert!(!world.path("elsewhere").exists(), "a link is not followed");
    assert_eq!(fs::read_dir(world.path("directory")).unwrap().count(), 0);
    let nowhere = create_key_file(&world.path("none/seal.key"), &"key".to_owned().into()).unwrap_err();
    assert_eq!(nowhere.kind(), io::ErrorKind::NotFound);
}

#[test]
fn of_servers_that_make_a_key_at_once_one_does_and_all_read_it_whole() {
    const SERVERS: usize = 8;
    let world = World::new();
    let path = world.path("seal.key");
    let made: usize = std::thread::scope(|scope| {
        let make = |number: usize| {
            let path = path.clone();
            move || {
                let key = format!("key {number} {}", "x".repeat(4096));
                let made = create_key_file(&path, &key.into());
                // whoever lost reads what the winner wrote
                let text = fs::read_to_string(&path).unwrap();
                assert!(text.ends_with("x\n") && text.len() > 4096, "{} bytes", text.len());
                usize::from(made.is_ok())
            }
        };
        let running: Vec<_> = (0..SERVERS).map(|number| scope.spawn(make(number))).collect();
        running.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(made, 1);
}

#[test]
fn a_device_without_end_is_not_read_to_its_end() {
    let error = read_file("/dev/zero".as_ref(), "--key-file").unwrap_err();
    assert!(error.to_string().contains("larger than 1 MiB"), "{error}");
    assert_eq!(read_file("/dev/null".as_ref(), "--key-file").unwrap(), b"");
}

#[test]
fn a_directory_of_its_owner_alone() {
    let world = World::new();
    let set = |mode| fs::set_permissions(world.path(""), fs::Permissions::from_mode(mode)).unwrap();
    set(0o700);
    assert_eq!(others_may_enter(&world.path("")), None);
    set(0o750);
    assert_eq!(others_may_enter(&world.path("")), Some(0o750));
    assert_eq!(others_may_enter(&world.path("none")), None);
}

#[test]
fn the_sealing_key_before_is_given_as_the_current_one_is() {
    let world = World::new();
    assert!(world.config().previous_seal_key.is_none(), "there is none by default");
    let world = World::new().toml("[seal]\nprevious_key_file = 'old.key'\n");
    let beside = world.path("old.key");
    assert!(matches!(&world.config().previous_seal_key, Some(KeySource::File(path)) if *path == beside));
    let world = World::new().env("JETON_SEAL__PREVIOUS_KEY", "planted");
    let given = world.config().previous_seal_key;
    assert!(matches!(given, Some(KeySource::Inline(..))));
    assert!(!format!("{given:?}").contains("planted"));
    let world = World::new();
    let credential = world.file("jeton-seal-previous-key", "x");
    let dir = world.dir.path().display().to_string();
    let world = world.env("CREDENTIALS_DIRECTORY", dir);
    assert!(matches!(&world.config().previous_seal_key, Some(KeySource::Credential(path)) if *path == credential));
    let both = World::new().toml("[seal]\nprevious_key = 'a'\nprevious_key_file = 'b'\n");
    assert!(
        both.error()
            .contains("seal.previous_key and seal.previous_key_file are both given")
    );
}
