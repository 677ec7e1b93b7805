//! The same bundle whole, cut, altered, again, and in several copies.

use std::io::Read;

use p2psync_engine::{Code, Error, NewDocument, Which};
use p2psync_sync::bundle::ReadError;

use crate::carrying::{DATE, engine, export, fill, held, import, state, world};
use crate::fixture::{noise, random};

#[test]
fn a_peer_reads_everything_and_again_changes_nothing() {
    let mut world = world(3);
    let ids = fill(engine(&mut world, 0), 20, &[100_000, 40_000]);
    let (bytes, made) = export(engine(&mut world, 0), 1);
    assert_eq!((made.documents, made.peers, made.for_destination), (22, 2, false));
    for reader in [1, 2] {
        let maker = world.id(0);
        let device = engine(&mut world, reader);
        let brought = import(device, &bytes).unwrap();
        assert_eq!((brought.documents, brought.partial, brought.already), (22, 0, 0));
        assert_eq!((brought.maker, brought.made, &brought.ended), (maker, Some(DATE), &Ok(())));
        assert_eq!(brought.received.len(), 22, "each is shown once");
        assert_eq!(held(device, &ids), ids);
        let before = state(device);
        let again = import(device, &bytes).unwrap();
        assert_eq!((again.documents, again.already, again.received.len()), (0, 22, 0));
        assert_eq!(state(device), before);
    }
    // From one who has it from another, to the third, and back to who made them.
    let (relayed, _) = export(engine(&mut world, 1), 2);
    let back = import(engine(&mut world, 0), &relayed).unwrap();
    assert_eq!((back.documents, back.already), (0, 22));
}

#[test]
fn a_cut_at_every_1000th_byte_brings_every_document_before_it_and_copies_add_up() {
    let mut world = world(2);
    let ids = fill(engine(&mut world, 0), 6, &[40_000, 70_000]);
    let (bytes, _) = export(engine(&mut world, 0), 1);
    let mut before = 0;
    for cut in (1_000..bytes.len()).step_by(1_000) {
        let device = engine(&mut world, 1);
        match import(device, &bytes[..cut]) {
            Err(Error::Bundle(ReadError::TooShort)) => assert!(cut < 3_000),
            brought => {
                let brought = brought.unwrap();
                assert!(
                    brought.was_cut() || (brought.ended.is_ok() && cut + 6_000 > bytes.len()),
                    "{brought:?}"
                );
                assert_eq!(brought.already as usize, before, "cut at {cut}");
                before += brought.documents as usize;
                assert!(brought.partial <= 1);
            }
        }
        let now = held(device, &ids).len();
        assert_eq!(now, before);
        // A form takes less than 2,500 bytes of the file; two photos end it.
        let forms_before = (cut.saturating_sub(2_500) / 2_500).min(6);
        assert!(now >= forms_before, "cut at {cut}: {now} of {forms_before}");
    }
    let rest = import(engine(&mut world, 1), &bytes).unwrap();
    assert_eq!(rest.documents as usize + rest.already as usize, ids.len());
    assert_eq!(held(engine(&mut world, 1), &ids), ids);
}

#[test]
fn what_a_cut_left_of_a_photo_is_completed_by_another_copy() {
    let mut world = world(3);
    let ids = fill(engine(&mut world, 0), 0, &[200_000]);
    let (first, _) = export(engine(&mut world, 0), 1);
    let (second, _) = export(engine(&mut world, 0), 2);
    let device = engine(&mut world, 2);
    let cut = import(device, &first[..first.len() / 2]).unwrap();
    assert_eq!((cut.documents, cut.partial, cut.was_cut()), (0, 1, true));
    assert_eq!(import(device, &first[..first.len() / 2]).unwrap().partial, 1);
    assert!(held(device, &ids).is_empty());
    let rest = import(device, &second).unwrap();
    assert_eq!((rest.documents, rest.partial, rest.received), (1, 0, ids.clone()));
    assert_eq!(held(device, &ids), ids);
}

#[test]
fn a_changed_bit_is_named_and_what_was_before_it_counts() {
    let mut world = world(2);
    let ids = fill(engine(&mut world, 0), 9, &[]);
    let (bytes, _) = export(engine(&mut world, 0), 1);
    let mut before = 0;
    for place in [5_500, 10_000, 17_000, 21_000] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let device = engine(&mut world, 1);
        let brought = import(device, &changed).unwrap();
        let error = brought.ended.unwrap_err();
        assert!(matches!(error, Error::Bundle(ReadError::Damaged(_))), "{error}");
        assert_eq!(error.code(), Code::HashMismatch);
        let now = held(device, &ids).len();
        assert!(now > before && now == before + brought.documents as usize, "at {place}: {now}");
        before = now;
    }
}

#[test]
fn a_card_that_is_pulled_out_leaves_what_was_read() {
    struct Card<'a>(&'a [u8]);
    impl Read for Card<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() { Err(std::io::Error::other("no medium")) } else { self.0.read(bytes) }
        }
    }
    let mut world = world(2);
    let ids = fill(engine(&mut world, 0), 10, &[]);
    let (bytes, _) = export(engine(&mut world, 0), 1);
    let device = engine(&mut world, 1);
    let brought = device.import_bundle(&mut Card(&bytes[..14_000]), DATE, &mut random(1)).unwrap();
    assert_eq!(brought.ended, Err(Error::Input("no medium".to_owned())));
    assert!(brought.documents >= 3);
    assert_eq!(held(device, &ids).len(), brought.documents as usize);
}

#[test]
fn chosen_documents_go_and_what_is_kept_back_does_not() {
    let mut world = world(2);
    let device = engine(&mut world, 0);
    let ids = fill(device, 4, &[]);
    let kept = NewDocument { shared: false, ..NewDocument::new("text/plain") };
    let kept = device.put(&kept, &mut noise(500, 9).as_slice(), DATE, &mut random(9)).unwrap().id;
    let mut bytes = Vec::new();
    let chosen = [ids[2], ids[0], ids[2]];
    let made = device.export_bundle(&mut bytes, Which::Chosen(&chosen), DATE, &mut random(3)).unwrap();
    assert_eq!(made.documents, 2);
    let refused = device.export_bundle(&mut Vec::new(), Which::Chosen(&[kept]), DATE, &mut random(3));
    assert_eq!(refused, Err(Error::NotFound));
    let (all, _) = export(device, 4);
    let device = engine(&mut world, 1);
    import(device, &bytes).unwrap();
    assert_eq!(held(device, &ids), [ids[0], ids[2]]);
    assert_eq!(import(device, &all).unwrap().documents, 2);
    assert!(held(device, &[kept]).is_empty());
}
