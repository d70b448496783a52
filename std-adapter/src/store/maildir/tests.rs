use super::*;
use std::collections::HashSet;
use std::fs;
use std::process::Command;

fn open() -> (tempfile::TempDir, Maildir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Maildir::open(folder.path().join("mail"), "mx.example").unwrap();
    (folder, store)
}

fn envelope() -> Envelope {
    Envelope::new("a@example.com", ["b@example.org", "c@example.org"])
}

fn files(store: &Maildir, folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(store.root().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Removal runs on another thread when a writer is dropped.
async fn until_tmp_is_empty(store: &Maildir) {
    for _ in 0..500 {
        if files(store, "tmp").is_empty() {
            return;
        }
        tokio::time::sleep(core::time::Duration::from_millis(10)).await;
    }
    panic!("left behind: {:?}", files(store, "tmp"));
}

async fn deliver(store: &Maildir, pieces: &[&[u8]]) -> Result<String, StoreError> {
    let mut writer = store.begin(&envelope()).await?;
    for piece in pieces {
        writer.write(piece).await?;
    }
    writer.commit().await
}

/// Every octet, bare CR and LF, no final line end.
fn body(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    (0..length)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if n % 77 == 0 { b'\r' } else { state.to_be_bytes()[0] }
        })
        .collect()
}

#[tokio::test]
async fn octets_are_stored_exactly_whatever_the_pieces() {
    let (_folder, store) = open();
    for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 7] {
        let body = body(length);
        let at_once = deliver(&store, &[&body]).await.unwrap();
        let pieces: Vec<&[u8]> = body.chunks(1_013).collect();
        let piecewise = deliver(&store, &pieces).await.unwrap();
        for name in [at_once, piecewise] {
            let stored = fs::read(store.root().join("new").join(name)).unwrap();
            let fields = stored.len() - length;
            assert_eq!(&stored[fields..], body);
            let fields = core::str::from_utf8(&stored[..fields]).unwrap();
            assert!(
                fields
                    .starts_with("Return-Path: <a@example.com>\r\nDelivered-To: b@example.org\r\n")
            );
            assert!(
                fields.contains("\r\nDelivered-To: c@example.org\r\nReceived: ")
                    && fields.ends_with("\r\n")
            );
        }
    }
    assert!(files(&store, "tmp").is_empty());
}

#[tokio::test]
async fn line_ends_can_be_stored_as_lf() {
    let (_folder, store) = open();
    let store = store.line_ends(LineEnds::Lf);
    let mut long = b"Subject: x\r\n\r\n".to_vec();
    long.extend(b"line\r\n".repeat(40_000));
    long.push(b'\r');
    let name = deliver(&store, &[&long]).await.unwrap();
    let stored = fs::read(store.root().join("new").join(name)).unwrap();
    assert!(stored.ends_with(b"line\nline\n\r"));
    assert_eq!(stored.iter().filter(|octet| **octet == b'\r').count(), 1);
    assert_eq!(stored.windows(5).filter(|line| line == b"line\n").count(), 40_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_commits_at_once_give_a_hundred_files() {
    let (_folder, store) = open();
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { deliver(&store, &[&body(n * 2_000)]).await.unwrap() })
        })
        .collect();
    let mut names = HashSet::new();
    for task in tasks {
        names.insert(task.await.unwrap());
    }
    assert_eq!(names.len(), 100);
    assert_eq!(files(&store, "new").len(), 100);
    assert!(files(&store, "tmp").is_empty());
}

#[tokio::test]
async fn a_small_message_touches_no_file_before_its_commit() {
    let (_folder, store) = open();
    let mut writer = store.begin(&envelope()).await.unwrap();
    writer.write(&body(1_024)).await.unwrap();
    assert!(files(&store, "tmp").is_empty());
    writer.commit().await.unwrap();
    assert_eq!(files(&store, "new").len(), 1);
}

#[tokio::test]
async fn an_aborted_message_leaves_nothing() {
    let (_folder, store) = open();
    let mut writer = store.begin(&envelope()).await.unwrap();
    writer.write(&body(3 * BLOCK)).await.unwrap();
    assert_eq!(files(&store, "tmp").len(), 1);
    writer.abort().await;
    assert!(files(&store, "tmp").is_empty() && files(&store, "new").is_empty());
}

#[tokio::test]
async fn a_dropped_writer_leaves_nothing() {
    let (_folder, store) = open();
    let mut writer = store.begin(&envelope()).await.unwrap();
    writer.write(&body(3 * BLOCK)).await.unwrap();
    drop(writer);
    until_tmp_is_empty(&store).await;
    assert!(files(&store, "new").is_empty());
}

#[tokio::test]
async fn a_cancelled_write_loses_the_message_and_leaves_nothing() {
    let (_folder, store) = open();
    let mut writer = store.begin(&envelope()).await.unwrap();
    let large = body(20 * BLOCK);
    let cancelled = tokio::select! {
        biased;
        _ = writer.write(&large) => false,
        () = core::future::ready(()) => true,
    };
    assert!(cancelled);
    assert!(writer.write(b"more").await.is_err());
    assert!(writer.commit().await.is_err());
    until_tmp_is_empty(&store).await;
    assert!(files(&store, "new").is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, store) = open();
    let name = deliver(&store, &[b"x"]).await.unwrap();
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(store.root().join("new").join(name)), 0o600);
    assert_eq!(mode(store.root().join("cur")), 0o700);
}

#[tokio::test]
async fn a_folder_that_went_away_is_an_error_and_nothing_is_left() {
    let (_folder, store) = open();
    fs::remove_dir(store.root().join("new")).unwrap();
    let error = deliver(&store, &[&body(3 * BLOCK)]).await.unwrap_err();
    assert!(!error.is_full());
    assert!(error.to_string().contains("cannot rename to"), "{error}");
    assert!(files(&store, "tmp").is_empty());
}

#[test]
fn stale_files_in_tmp_are_removed_at_the_start_and_young_ones_kept() {
    let (folder, store) = open();
    let (old, young) = (store.root().join("tmp/old"), store.root().join("tmp/young"));
    for path in [&old, &young] {
        fs::write(path, "x").unwrap();
    }
    let long_ago = std::time::SystemTime::now() - core::time::Duration::from_secs(37 * 60 * 60);
    fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
    Maildir::open(folder.path().join("mail"), "mx.example").unwrap();
    assert!(!old.exists() && young.exists());
}

#[test]
fn a_root_that_can_not_be_made_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Maildir::open(&file, "mx.example").unwrap_err();
    assert!(error.to_string().contains("cannot make"), "{error}");
}

#[tokio::test]
async fn a_host_name_can_not_leave_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = Maildir::open(folder.path(), "a/../b:c").unwrap();
    let name = deliver(&store, &[b"x"]).await.unwrap();
    assert!(name.ends_with(".a\\057..\\057b\\072c"), "{name}");
}

/// Names the folder of the process that runs out of room.
const FULL_DISK: &str = "EHLO_TEST_FULL_DISK";

/// The test runs itself again in a process whose files can't grow past 32 KiB: the system refuses the write
/// as it does on a full disk, and no privilege is needed for it.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_apart_and_nothing_is_left() {
    if let Some(folder) = std::env::var_os(FULL_DISK) {
        return run_out_of_room(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact store::maildir::tests::a_full_disk_is_told_apart_and_nothing_is_left")
        .arg(std::env::current_exe().unwrap())
        .env(FULL_DISK, folder.path())
        // The limit holds for a file that the output of the tests goes to as well.
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    // Without this a filter that matches no test would pass for a success.
    assert_eq!(fs::read(folder.path().join("done")).unwrap(), b"done");
}

fn run_out_of_room(folder: &Path) {
    let store = Maildir::open(folder.join("mail"), "mx.example").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // One that meets the end of the room in its commit, one that meets it while it is written.
        for length in [BLOCK - 1_000, 200 * BLOCK] {
            let error = deliver(&store, &[&body(length)]).await.unwrap_err();
            assert!(error.is_full(), "{error}");
            assert!(!error.to_string().contains('\n'));
            until_tmp_is_empty(&store).await;
            assert!(files(&store, "new").is_empty());
        }
        deliver(&store, &[&body(1_000)]).await.unwrap();
    });
    fs::write(folder.join("done"), "done").unwrap();
}
