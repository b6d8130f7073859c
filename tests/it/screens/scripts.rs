//! Door names in every script: drawn as they are, in their direction, and as a number where no font draws them.
//!
//! `VESTIBULE_PICTURES=scripts` writes one picture of the door screen per script and size into `target/tmp/pictures`.

use std::{fs, path::Path, process::Command};

use iced::Size;
use vestibule::{
    door::{Door, DoorId, DoorState, Place, PlaceId},
    kisi,
    screen::fonts,
    session::{Identity, visit::Welcome},
};

use crate::support::{
    headless::{Kiosk, WIDE},
    scenes::{answer, save, type_digits},
    screenshot::at_rest,
};

/// A script, a first name, and names of doors.
const SCRIPTS: [(&str, &str, [&str; 6]); 14] = [
    ("chinese", "丽华", ["会议室", "大门", "服务器机房", "三楼办公室", "仓库", "停车场入口"]),
    ("japanese", "さくら", ["会議室", "正面玄関", "サーバー室", "倉庫", "屋上テラス", "駐輪場"]),
    ("korean", "민준", ["회의실", "정문", "서버실", "창고", "옥상 테라스", "주차장 입구"]),
    ("arabic", "محمد", ["الباب الرئيسي", "غرفة الخادم", "المكتب 3", "المستودع", "موقف السيارات", "قاعة الاجتماعات"]),
    ("hebrew", "נועה", ["הכניסה הראשית", "חדר שרתים", "משרד 3", "מחסן", "חניון", "שָׁלוֹם"]),
    ("persian", "مریم", ["ورودی اصلی", "می\u{200c}خواهم", "اتاق سرور", "انبار", "پارکینگ", "اتاق جلسه"]),
    ("thai", "สมชาย", ["ประตูหลัก", "ห้องประชุม", "ห้องเซิร์ฟเวอร์", "ที่จอดรถ", "คลังสินค้า", "ผู้ใหญ่"]),
    ("devanagari", "आरती", ["मुख्य द्वार", "सर्वर कक्ष", "बैठक कक्ष", "भंडार", "पार्किंग", "क्षत्रिय"]),
    ("burmese", "မောင်", ["အဝင်တံခါး", "မြွှေ့", "လျှို့ဝှက်", "ကြွေး", "အခန်း ၃", "ဆာဗာခန်း"]),
    ("sinhala", "නිමල්", ["ප්‍රධාන දොර", "ශ්‍රී", "සේවාදායකය", "ගබඩාව", "කාර්යාලය", "රැස්වීම්"]),
    ("georgian", "ნინო", ["მთავარი შესასვლელი", "სერვერი", "ოფისი 3", "საწყობი", "პარკინგი", "სხდომები"]),
    ("armenian", "Անի", ["Գլխավոր մուտք", "Սերվեր", "Գրասենյակ 3", "Պահեստ", "Կայանատեղի", "Սենյակ"]),
    (
        "emoji",
        "Ada",
        [
            "🚪",
            "👨\u{200d}👩\u{200d}👧 Kita",
            "🏳\u{fe0f}\u{200d}🌈 Café",
            "☕ Küche",
            "🅿\u{fe0f} Hof",
            "1\u{fe0f}\u{20e3} Étage",
        ],
    ),
    ("mixed", "Łukasz", ["Lab הדלת 3", "3 الباب Lab", "会议室 A–C", "Серверная №2", "Phòng họp Ế", "Κεντρική είσοδος"]),
];

fn doors(names: &[&str]) -> Vec<Door> {
    let door = |(number, name): (u64, &&str)| Door {
        id: DoorId::new(101 + number),
        name: kisi::clean(name),
        kisi_name: kisi::clean(name),
        place: Some(Place { id: PlaceId::new(1), name: "Haus".to_owned() }),
        state: DoorState::Ready,
        allowance: None,
    };
    (0..).zip(names).map(door).collect()
}

fn at_the_doors(name: &str, names: &[&str], size: Size) -> Kiosk {
    let mut kiosk = at_rest(size);
    type_digits(&mut kiosk, 6);
    let welcome = Welcome { name: name.to_owned(), doors: doors(names), language: None, incomplete: false };
    answer(&mut kiosk, Ok(Identity::Person(welcome)));
    kiosk
}

/// Writes a picture, if its name was asked for.
fn keep_picture(name: &str, size: Size, kiosk: &Kiosk) {
    let wanted = std::env::var("VESTIBULE_PICTURES").unwrap_or_default();
    if wanted.split(',').any(|part| !part.is_empty() && name.contains(part)) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
        fs::create_dir_all(&folder).unwrap();
        save(&folder.join(format!("{name}.png")), size, &kiosk.picture());
    }
}

/// With the packages that the package recommends, every name is on its tile as it is and within its place.
#[test]
fn names_in_every_script_are_drawn_as_they_are() {
    for (script, first_name, names) in SCRIPTS {
        for size in [WIDE, Size::new(800.0, 480.0)] {
            let kiosk = at_the_doors(first_name, &names, size);
            let (looked, mut on_screen) = (kiosk.look(), 0);
            for name in names.map(kisi::clean) {
                assert!(fonts::is_drawable(&name), "{script}: {name:?} lacks {:?}", fonts::undrawable(&name));
                let drawn = looked.labels.iter().find(|(label, _)| label.content == name);
                // On a small screen, some are on the next page.
                assert!(drawn.is_some() || size != WIDE, "{script}: {name:?} is not on the screen");
                on_screen += usize::from(drawn.is_some());
                let Some((_, at)) = drawn else { continue };
                assert!(0.0 <= at.x && at.x + at.width <= size.width, "{script}: {name:?} at {at:?}");
            }
            assert!(4 <= on_screen, "{script}: {on_screen} names on {size:?}");
            keep_picture(&format!("scripts-{script}-{}x{}", size.width, size.height), size, &kiosk);
        }
    }
}

/// Names from right to left begin at the right end of their place, and the same ink is drawn wherever the name stands.
#[test]
fn names_from_right_to_left_stand_at_the_right() {
    let kiosk = at_the_doors("Ada", &["הכניסה", "Main"], WIDE);
    let looked = kiosk.look();
    let place = |name: &str| looked.labels.iter().find(|(label, _)| label.content == name).unwrap().1;
    let (hebrew, latin) = (place("הכניסה"), place("Main"));
    let half = WIDE.width / 2.0;
    let is_in_left_tile = hebrew.x + hebrew.width < half;
    assert!(is_in_left_tile && half < latin.x, "{hebrew:?} {latin:?}");
    let from_left_edge = latin.x - half;
    assert!(half - (hebrew.x + hebrew.width) < from_left_edge + 40.0, "it ends near the right edge: {hebrew:?}");
}

/// A bare Debian without fonts: a name that cannot be drawn becomes its number, and the others stay.
#[test]
fn without_fonts_a_tile_shows_its_number() {
    const INSIDE: &str = "VESTIBULE_WITHOUT_FONTS";
    if std::env::var_os(INSIDE).is_none() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("fonts.conf");
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        fs::write(&config, format!("<fontconfig><dir>{}</dir></fontconfig>", empty.display())).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        let test = "screens::scripts::without_fonts_a_tile_shows_its_number";
        let output = command
            .args([test, "--exact", "--nocapture"])
            .env("FONTCONFIG_FILE", &config)
            .env(INSIDE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    assert!(Path::new(&std::env::var("FONTCONFIG_FILE").unwrap()).exists());
    let kiosk = at_the_doors("丽华", &["会议室", "会議室", "Büro", "الباب"], WIDE);
    let looked = kiosk.look();
    let essential = |content: &str| {
        let is_it = |(label, _): &&(vestibule::screen::label::DrawnText, _)| {
            label.content == content && label.grade == vestibule::screen::theme::Importance::Essential
        };
        looked.labels.iter().filter(is_it).count()
    };
    for (name, count) in [("1", 1), ("2", 1), ("4", 1), ("Büro", 1), ("会议室", 0), ("会議室", 0), ("الباب", 0)]
    {
        assert_eq!(essential(name), count, "{name}: {:?}", kiosk.texts());
    }
    assert!(kiosk.shows("Hello"), "{:?}", kiosk.texts());
    assert_eq!(fonts::undrawable("会 A"), ["会"]);
    keep_picture("scripts-without-fonts-1280x800", WIDE, &kiosk);
}
