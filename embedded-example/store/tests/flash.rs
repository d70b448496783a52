//! A flash store day by day.

#![allow(clippy::unwrap_used)]

mod chip;

use chip::Chip;
use message_store::nor::{File, Memory, Nor, NorError};
use message_store::{FlashStore, Id, StoreError};

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

fn store<F: NorFlash, const S: usize>(store: &mut FlashStore<F, S>, octets: &[u8]) -> Id
where
    F::Error: core::fmt::Debug,
{
    let mut draft = store.begin();
    store.write(&mut draft, octets).unwrap();
    store.commit(draft).unwrap()
}

fn read<F: NorFlash, const S: usize>(store: &mut FlashStore<F, S>, id: Id) -> Vec<u8>
where
    F::Error: core::fmt::Debug,
{
    let mut octets = vec![0; store.length(id).unwrap()];
    store.read(id, 0, &mut octets).unwrap();
    octets
}

#[test]
fn two_drafts_are_stored_at_the_same_time() {
    let mut flash = FlashStore::<_, 16>::mount(Chip::<4, 256>::new(16, 0).flash()).unwrap();
    let (mut one, mut two) = (flash.begin(), flash.begin());
    for _ in 0..100 {
        flash.write(&mut one, b"one.").unwrap();
        flash.write(&mut two, b"the second").unwrap();
    }
    let two = flash.commit(two).unwrap();
    let one = flash.commit(one).unwrap();
    assert_eq!(read(&mut flash, one), b"one.".repeat(100));
    assert_eq!(read(&mut flash, two), b"the second".repeat(100));
    assert_eq!(flash.ids().collect::<Vec<_>>(), [one, two]);
}

#[test]
fn a_draft_that_does_not_fit_is_full_and_takes_nothing_with_it() {
    let mut flash = FlashStore::<_, 4>::mount(Chip::<8, 256>::new(4, 1).flash()).unwrap();
    let kept = store(&mut flash, b"kept");
    let mut draft = flash.begin();
    assert_eq!(flash.write(&mut draft, &[b'x'; 1024]), Err(StoreError::Full));
    assert_eq!(flash.free(), 0);
    flash.abort(draft);
    assert_eq!(flash.free(), 3 * FlashStore::<Nor<Chip<8, 256>, 8, 256>, 4>::ROOM);
    assert_eq!(read(&mut flash, kept), b"kept");
}

#[test]
fn octets_that_wait_for_their_word_take_room_too() {
    let mut flash = FlashStore::<_, 2>::mount(Chip::<8, 256>::new(2, 1).flash()).unwrap();
    let room = FlashStore::<Nor<Chip<8, 256>, 8, 256>, 2>::ROOM;
    let mut draft = flash.begin();
    flash.write(&mut draft, b"abc").unwrap();
    assert!(flash.fits(&draft, 2 * room - 3));
    assert!(!flash.fits(&draft, 2 * room - 2));
    flash.write(&mut draft, &vec![b'x'; 2 * room - 3]).unwrap();
    assert!(flash.fits(&draft, 0) && !flash.fits(&draft, 1));
    // Both sectors are full, and there is no third one for this octet.
    flash.write(&mut draft, b"y").unwrap();
    assert!(!flash.fits(&draft, 1));
    assert_eq!(flash.commit(draft), Err(StoreError::Full));
}

#[test]
fn an_empty_message_is_a_message() {
    let chip = Chip::<4, 256>::new(4, 0);
    let id = store(&mut FlashStore::<_, 4>::mount(chip.flash()).unwrap(), b"");
    let mut flash = FlashStore::<_, 4>::mount(chip.flash()).unwrap();
    assert_eq!((flash.next(None), flash.length(id)), (Some(id), Some(0)));
    assert_eq!(read(&mut flash, id), b"");
}

#[test]
fn an_id_is_not_used_again_though_its_message_was_the_last_and_is_gone() {
    let chip = Chip::<4, 256>::new(4, 0);
    let mut flash = FlashStore::<_, 4>::mount(chip.flash()).unwrap();
    let first = store(&mut flash, b"first");
    flash.delete(first).unwrap();
    assert_eq!(flash.delete(first), Err(StoreError::Unknown));
    let mut flash = FlashStore::<_, 4>::mount(chip.flash()).unwrap();
    assert!(store(&mut flash, b"second") > first);
}

#[test]
fn wear_is_spread_over_the_sectors_also_beside_a_message_that_stays_and_over_mounts() {
    let chip = Chip::<4, 256>::new(8, 0);
    let mut flash = FlashStore::<_, 8>::mount(chip.flash()).unwrap();
    store(&mut flash, b"stays");
    for round in 0..700_u32 {
        if round % 10 == 0 {
            flash = FlashStore::mount(chip.flash()).unwrap();
        }
        let id = store(&mut flash, &[b'x'; 300]);
        flash.delete(id).unwrap();
    }
    let mut erased = chip.erased();
    erased.sort_unstable();
    // The first is under the message that stays; 700 messages of two sectors over seven others.
    assert_eq!(erased[0], 1);
    assert!(erased[1] >= 200, "{erased:?}");
    assert!(erased[7] - erased[1] <= 2, "{erased:?}");
    // The store counts a sector that it finds without a label as one that was erased often.
    let (least, most) = flash.wear();
    assert!(least == 1 && (erased[7]..=erased[7] + 1).contains(&most), "{least} {most} {erased:?}");
}

#[test]
fn what_the_flash_forgot_is_not_shown_and_counted() {
    let mut memory = Memory::<1024>::erased();
    let mut flash = FlashStore::<_, 4>::mount(Nor::<_, 4, 256>::new(memory.clone())).unwrap();
    let (bad, good) = (store(&mut flash, b"to be damaged"), store(&mut flash, b"not this one"));
    memory.0 = flash.flash().medium().0;
    let at = memory.0.windows(7).position(|octets| octets == b"damaged").unwrap();
    memory.0[at] ^= 1;
    let mut flash = FlashStore::<_, 4>::mount(Nor::<_, 4, 256>::new(memory)).unwrap();
    assert_eq!((flash.damaged(), flash.length(bad)), (1, None));
    assert_eq!(read(&mut flash, good), b"not this one");
}

/// A flash that forgets a bit of everything.
struct Worn(Nor<Memory<1024>, 4, 256>);

impl embedded_storage::nor_flash::ErrorType for Worn {
    type Error = NorError<message_store::nor::NotThere>;
}

impl ReadNorFlash for Worn {
    const READ_SIZE: usize = 4;
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        assert!(offset.is_multiple_of(4) && bytes.len().is_multiple_of(4), "this one reads words");
        self.0.read(offset, bytes)
    }
    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Worn {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 256;
    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.0.erase(from, to)
    }
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let forgets = |octet: &u8| if *octet == b'!' { b'?' } else { *octet };
        self.0.write(offset, &bytes.iter().map(forgets).collect::<Vec<_>>())
    }
}

#[test]
fn a_message_that_does_not_read_back_is_not_committed() {
    let worn = Worn(Nor::new(Memory::erased()));
    let mut flash = FlashStore::<_, 4>::mount(worn).unwrap();
    let mut draft = flash.begin();
    flash.write(&mut draft, b"danger!").unwrap();
    assert_eq!(flash.commit(draft), Err(StoreError::Worn));
    assert_eq!(flash.next(None), None);
    let id = store(&mut flash, b"no danger, and words are read as words");
    assert_eq!(read(&mut flash, id), b"no danger, and words are read as words");
    let mut odd = [0; 6];
    assert_eq!(flash.read(id, 3, &mut odd), Ok(6));
    assert_eq!(&odd, b"danger");
}

#[test]
fn a_flash_in_a_file_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flash");
    let open = || Nor::<_, 8, 4096>::new(File::open(&path, 16 * 4096).unwrap());
    let id = store(&mut FlashStore::<_, 16>::mount(open()).unwrap(), &[b'x'; 10_000]);
    let mut flash = FlashStore::<_, 16>::mount(open()).unwrap();
    assert_eq!(read(&mut flash, id), [b'x'; 10_000]);
    assert!(File::open(&path, 4096).is_err(), "another size is another chip");
}

#[test]
fn the_emulated_flash_has_the_rules_of_nor() {
    let mut flash = Nor::<_, 4, 256>::new(Memory::<600>::erased());
    assert_eq!(flash.capacity(), 512);
    flash.write(0, b"word").unwrap();
    assert_eq!(flash.write(0, b"\0\0\0\0"), Err(NorError::NotErased));
    assert_eq!(flash.write(2, b"word"), Err(NorError::NotAligned));
    assert_eq!(flash.write(4, b"wor"), Err(NorError::NotAligned));
    assert_eq!(flash.write(512, b"word"), Err(NorError::OutOfBounds));
    assert_eq!(flash.erase(0, 128), Err(NorError::NotAligned));
    assert_eq!(flash.erase(256, 768), Err(NorError::OutOfBounds));
    flash.erase(0, 256).unwrap();
    flash.write(0, b"more").unwrap();
}
