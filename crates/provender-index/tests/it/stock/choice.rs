//! Which files are stocked.

use provender_index::stock::StockRequest;
use provender_test::Release;

use super::bench::{Bench, LINUX, lock, request};

const LINUX_WHEEL: &str = "cp311-cp311-manylinux_2_17_x86_64";
const WINDOWS_WHEEL: &str = "cp311-cp311-win_amd64";

#[tokio::test]
async fn each_platform_gets_its_wheel_and_no_other_file_comes() {
    let bench =
        Bench::with([Release::new("a", "1").wheel(LINUX_WHEEL).wheel(WINDOWS_WHEEL).sdist()]).await;
    bench.stock([bench.lock(&["a==1"])]).await;
    assert_eq!(bench.stocked().await, [format!("a-1-{LINUX_WHEEL}.whl")]);
    let both = LINUX.replace("linux", "linux, windows");
    bench.stock([lock(&format!("{both}{}", bench.pins(&["a==1"])))]).await;
    assert_eq!(bench.stocked().await.len(), 2);
}

#[tokio::test]
async fn all_files_are_stocked_when_asked_for() {
    let bench =
        Bench::with([Release::new("a", "1").wheel(LINUX_WHEEL).wheel(WINDOWS_WHEEL).sdist()]).await;
    let all = StockRequest { all_files: true, ..request([bench.lock(&["a==1"])]) };
    assert!(bench.run(&all).await.unwrap().is_complete());
    assert_eq!(bench.stocked().await.len(), 3);
}

#[tokio::test]
async fn a_lock_without_a_target_gets_what_any_python_can_use() {
    let bench = Bench::with([
        Release::new("a", "1").wheel(LINUX_WHEEL).wheel("pp310-pypy310_pp73-win_amd64").sdist(),
        Release::new("b", "1").sdist(),
    ])
    .await;
    let stocked = bench.stock([lock(&bench.pins(&["a==1", "b==1"]))]).await;
    assert!(stocked.is_complete() && stocked.builds.is_empty(), "{stocked:?}");
    let expected =
        [format!("a-1-{LINUX_WHEEL}.whl"), "a-1.tar.gz".into(), "b-1-py3-none-any.whl".into()];
    assert_eq!(bench.stocked().await, expected);
}

#[tokio::test]
async fn a_pin_for_another_platform_is_not_even_asked_for() {
    let bench = Bench::with([Release::new("a", "1"), Release::new("b", "1")]).await;
    let lock = bench.lock(&["a==1", "b==1 ; sys_platform == 'win32'"]);
    assert!(bench.stock([lock]).await.is_complete());
    assert_eq!(bench.stocked().await, ["a-1-py3-none-any.whl"]);
    assert_eq!(bench.index.http().count("/simple/b/"), 0);
}

#[tokio::test]
async fn what_has_no_wheel_comes_as_sdist_with_what_builds_it() {
    let bench =
        Bench::with([Release::new("ta", "1").no_wheel().sdist(), Release::new("setuptools", "80")])
            .await;
    let pins = bench.pins(&["ta==1"]);
    let build = bench.pins(&["setuptools==80"]);
    let stocked = bench.stock([lock(&format!("{LINUX}{pins}# build: {build}"))]).await;
    assert!(stocked.is_complete(), "{stocked:?}");
    assert_eq!(bench.stocked().await, ["setuptools-80-py3-none-any.whl", "ta-1.tar.gz"]);
    let [build] = &stocked.builds[..] else { panic!("{:?}", stocked.builds) };
    assert_eq!((build.filename.as_str(), build.to_build_with), ("ta-1.tar.gz", false));
    assert_eq!(build.platforms[0].to_string(), "x86_64-manylinux_2_28");
}
