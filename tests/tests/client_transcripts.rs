//! Every dialogue of the client, in every split, and with the connection closed at every place.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ehlo_tests::client::{below, folder, run_every_way};

fn all_below(name: &str) {
    let scripts = below(name);
    assert!(!scripts.is_empty(), "no dialogue in {name}");
    let faults: Vec<String> =
        scripts.iter().filter_map(|script| run_every_way(script).err()).collect();
    assert!(faults.is_empty(), "{} of {}\n{}", faults.len(), scripts.len(), faults.join("\n"));
}

/// A test for each folder, and one that no folder is left out.
macro_rules! folders {
    ($($test:ident $folder:literal,)*) => {
        $(
            #[test]
            fn $test() {
                all_below($folder);
            }
        )*

        #[test]
        fn no_folder_is_left_out() {
            let known = [$($folder),*];
            for entry in std::fs::read_dir(folder()).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                let is_folder = entry.file_type().unwrap().is_dir();
                assert!(!is_folder || known.contains(&&*name), "{name} has no test");
            }
        }
    };
}

folders! {
    greeting "greeting",
    hello "hello",
    capabilities "capabilities",
    replies "replies",
    rfc3207 "rfc3207",
    rfc4954 "rfc4954",
    login "login",
    rfc2195 "rfc2195",
    xoauth2 "xoauth2",
    rfc7628 "rfc7628",
    rfc4422_external "rfc4422-external",
    rfc4505 "rfc4505",
    rfc4752 "rfc4752",
    rfc5321 "rfc5321",
    rfc2920 "rfc2920",
    rfc3030 "rfc3030",
    rfc2033 "rfc2033",
    rfc1870 "rfc1870",
    rfc6531 "rfc6531",
    rfc6152 "rfc6152",
    rfc3461 "rfc3461",
    rfc9422 "rfc9422",
    other_extensions "other-extensions",
    journey "journey",
}
