// SPDX-License-Identifier: MIT
//! Linux: the suite for ports, and what only the kernel can tell.
#![cfg(all(target_os = "linux", feature = "platform-linux", not(miri)))]

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use wrt_platform::*;

fn build(f: impl FnOnce(LinuxAllocatorBuilder) -> LinuxAllocatorBuilder) -> WrtResult<LinuxAllocator> {
    f(LinuxAllocatorBuilder::new().with_maximum_pages(12)).build()
}

#[test]
fn linux_pages_conform() {
    let ports = [
        build(|b| b),
        build(|b| b.with_guard_pages(true)),
        build(|b| b.with_populate(true)),
        build(|b| b.with_guard_pages(true).with_populate(true)),
        LinuxAllocator::new(4),
        LinuxAllocatorBuilder::new().build(),
    ];
    for port in ports {
        let mut port = port.unwrap();
        conformance::memory::all(&mut port);
        for seed in 2..6 {
            conformance::memory::model(&mut port, seed, 300);
        }
    }
}

#[test]
fn options_that_cannot_be_honoured_are_refused() {
    let refused: [fn(LinuxAllocatorBuilder) -> LinuxAllocatorBuilder; 5] = [
        |b| b.with_huge_pages(true),
        |b| b.with_minimum_huge_page_size(2 << 20),
        |b| b.with_numa_node(0),
        |b| b.with_numa_binding(NumaPolicy::Bind),
        |b| b.with_prefer_local(true),
    ];
    for f in refused {
        assert_eq!(build(f).unwrap_err().kind(), ErrorKind::Unsupported);
    }
    build(|b| b.with_huge_pages(false).with_prefer_local(false).with_minimum_huge_page_size(0)).unwrap();
    for pages in [usize::MAX, usize::MAX / WASM_PAGE_SIZE] {
        assert_eq!(LinuxAllocator::new(pages).unwrap_err().kind(), ErrorKind::Memory);
    }
}

/// The mapping that holds `at`: begin, end, access. And its flags.
fn mapping(at: usize) -> Option<(usize, usize, String, String)> {
    let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let mut found = None;
    for line in smaps.lines() {
        let mut words = line.split(' ');
        if let Some((from, to)) = words.next().and_then(|w| w.split_once('-')) {
            let [from, to] = [from, to].map(|x| usize::from_str_radix(x, 16).unwrap());
            if found.is_some() {
                break;
            }
            found = (from..to).contains(&at).then(|| (from, to, words.next().unwrap()[..3].to_string(), String::new()));
        } else if let (Some(found), Some(flags)) = (&mut found, line.strip_prefix("VmFlags:")) {
            found.3 = flags.to_string();
        }
    }
    found
}

#[test]
fn guards_lie_outside_and_growth_opens_pages() {
    let mut a = build(|b| b.with_guard_pages(true)).unwrap();
    let (at, _) = a.allocate(2, Some(5)).unwrap();
    let at = at.addr().get();
    let access = |at: usize| mapping(at).unwrap().2;
    let page = WASM_PAGE_SIZE;
    assert_eq!([access(at - page), access(at - 1)], ["---"; 2], "the guard in front");
    assert_eq!([access(at), access(at + 2 * page - 1)], ["rw-"; 2]);
    assert_eq!([access(at + 2 * page), access(at + 5 * page), access(at + 6 * page - 1)], ["---"; 3], "room, and the guard behind");
    a.grow(2, 3).unwrap();
    assert_eq!([access(at + 2 * page), access(at + 5 * page - 1)], ["rw-"; 2]);
    assert_eq!(access(at + 5 * page), "---", "the guard is outside of what it can grow to");
    a.protect(page, page, Protection::Read).unwrap();
    assert_eq!([access(at), access(at + page), access(at + 2 * page)], ["rw-", "r--", "rw-"]);
    a.protect(page, page, Protection::None).unwrap();
    assert_eq!([access(at), access(at + page), access(at + 2 * page)], ["rw-", "---", "rw-"]);
    drop(a);
    // Another thread's mapping may be there by now; ours, of five open pages, is not.
    assert!(mapping(at).is_none_or(|(from, to, access, _)| access != "rw-" || from != at || to != at + page));
}

#[test]
fn transparent_huge_pages_are_asked_for() {
    match build(|b| b.with_transparent_huge_pages(true)) {
        Ok(mut a) => {
            conformance::memory::all(&mut a);
            let (at, _) = a.allocate(1, Some(5)).unwrap();
            let flags = mapping(at.addr().get()).unwrap().3;
            assert!(flags.split(' ').any(|f| f == "hg"), "{flags}");
        }
        Err(e) => {
            assert_eq!(e.kind(), ErrorKind::Unsupported);
            assert!(!std::path::Path::new("/sys/kernel/mm/transparent_hugepage/enabled").exists(), "{e}");
        }
    }
}

/// Set in a child process: which forbidden byte to touch.
const TOUCH: &str = "WRT_TEST_TOUCH";

/// Runs in a child of [`forbidden_access_faults`]; does nothing of itself.
#[test]
fn child() {
    let Ok(which) = std::env::var(TOUCH) else { return };
    let mut a = build(|b| b.with_guard_pages(true)).unwrap();
    let (at, _) = a.allocate(2, Some(4)).unwrap();
    let page = WASM_PAGE_SIZE as isize;
    a.protect(WASM_PAGE_SIZE, WASM_PAGE_SIZE, Protection::Read).unwrap();
    let (offset, write) = match which.as_str() {
        "before" => (-1, false),
        "room" => (2 * page, false),
        "behind" => (4 * page, false),
        "read-only" => (page, true),
        _ => (page, false),
    };
    let byte = at.as_ptr().wrapping_offset(offset);
    // SAFETY: in the child only, and it is to die of it; the parent looks at how.
    unsafe { if write { byte.write_volatile(1) } else { assert_eq!(byte.read_volatile(), 0) } }
}

#[test]
fn forbidden_access_faults() {
    const SIGSEGV: i32 = 11;
    for (which, signal) in
        [("allowed", None), ("before", Some(SIGSEGV)), ("room", Some(SIGSEGV)), ("behind", Some(SIGSEGV)), ("read-only", Some(SIGSEGV))]
    {
        let mut c = Command::new(std::env::current_exe().unwrap());
        let output = c.args(["--exact", "child", "--test-threads=1"]).env(TOUCH, which).output().unwrap();
        assert_eq!((output.status.signal(), output.status.success()), (signal, signal.is_none()), "{which}: {output:?}");
    }
}

#[test]
fn populated_pages_are_resident() {
    let resident = |a: &mut LinuxAllocator| {
        let (at, _) = a.allocate(8, None).unwrap();
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let head = format!("{:x}-", at.addr().get());
        let rss = smaps.lines().skip_while(|l| !l.starts_with(&head)).find_map(|l| l.strip_prefix("Rss:")).unwrap();
        rss.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
    };
    // Guards keep the kernel from merging it with a neighbour.
    assert_eq!(resident(&mut build(|b| b.with_guard_pages(true)).unwrap()), 0, "pages cost nothing before they are touched");
    assert_eq!(resident(&mut build(|b| b.with_guard_pages(true).with_populate(true)).unwrap()), 512);
}
