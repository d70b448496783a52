//! Every transcript, in every split.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ehlo_tests::transcript::{below, folder, run_every_way};

fn all_below(name: &str) {
    let transcripts = below(name);
    assert!(!transcripts.is_empty(), "no transcript in {name}");
    let faults: Vec<String> =
        transcripts.iter().filter_map(|transcript| run_every_way(transcript).err()).collect();
    assert!(faults.is_empty(), "{} of {}\n{}", faults.len(), transcripts.len(), faults.join("\n"));
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
    rfc5321 "rfc5321",
    rfc4954 "rfc4954",
    rfc3207 "rfc3207",
    rfc2920 "rfc2920",
    rfc3030 "rfc3030",
    rfc1870 "rfc1870",
    rfc3461 "rfc3461",
    rfc6531 "rfc6531",
    rfc2033 "rfc2033",
    rfc8689 "rfc8689",
    rfc9422 "rfc9422",
    rfc2852 "rfc2852",
    rfc4865 "rfc4865",
    rfc6710 "rfc6710",
    rfc2034 "rfc2034",
    rfc4616 "rfc4616",
    login "login",
    rfc2195 "rfc2195",
    rfc5802 "rfc5802",
    rfc7677 "rfc7677",
    rfc2831 "rfc2831",
    ntlm "ntlm",
    xoauth2 "xoauth2",
    rfc7628 "rfc7628",
    rfc4422_external "rfc4422-external",
    rfc4505 "rfc4505",
    rfc4752 "rfc4752",
    xclient "xclient",
    smuggling "smuggling",
    peers "peers",
}
