//! Names and phrases for made-up people, companies and tickets.

use crate::rng::Rng;

pub(crate) const FIRST_NAMES: &[&str] = &[
    "Avery", "Priya", "Mateo", "Grace", "Noah", "Aisha", "Liam", "Sofia", "Kenji", "Hannah", "Omar", "Chloe",
    "Diego", "Ingrid", "Samuel", "Leila", "Marcus", "Yuki", "Elena", "Tomasz", "Nadia", "Jonas", "Ruth",
    "Caleb", "Zoe", "Ibrahim", "Freya", "Anil", "Maya", "Victor", "Paula", "Declan", "Amara", "Felix",
    "Joanna", "Rashid", "Wendy", "Bjorn", "Carmen", "Theo",
];
pub(crate) const LAST_NAMES: &[&str] = &[
    "Abbott",
    "Okafor",
    "Lindqvist",
    "Ramirez",
    "Chen",
    "O'Brien",
    "Kowalski",
    "Haddad",
    "Fischer",
    "Nakamura",
    "Sullivan",
    "Petrov",
    "Delgado",
    "Iyer",
    "Thompson",
    "Moreau",
    "Van der Berg",
    "Castillo",
    "Nguyen",
    "Hughes",
    "Silva",
    "Bergstrom",
    "Mbeki",
    "Walsh",
    "Rossi",
    "Farouk",
    "Jensen",
    "Patel",
    "Quinn",
    "Yilmaz",
    "Stone",
    "Larkin",
    "Vega",
    "Whitfield",
    "Dubois",
    "Horvat",
    "Tanaka",
    "Adeyemi",
    "Marsh",
    "Keller",
];
const COMPANY_HEADS: &[&str] = &[
    "Harbor",
    "Cedar",
    "Summit",
    "Beacon",
    "Granite",
    "Riverside",
    "Maple",
    "Atlas",
    "Juniper",
    "Lighthouse",
    "Copper",
    "Orchard",
    "Pioneer",
    "Sterling",
    "Willow",
    "Crescent",
    "Foxglove",
    "Keystone",
    "Meridian",
    "Bluebird",
    "Stonebridge",
    "Northgate",
    "Eastfield",
    "Silverline",
    "Tidewater",
];
const COMPANY_TAILS: &[(&str, usize)] = &[
    ("Law Group", 0),
    ("Family Dental", 1),
    ("Precision Machining", 2),
    ("Community Trust", 3),
    ("Home Goods", 4),
    ("Legal Partners", 0),
    ("Orthopedics", 1),
    ("Packaging", 2),
    ("Arts Foundation", 3),
    ("Outfitters", 4),
    ("Title & Escrow", 0),
    ("Veterinary Clinic", 1),
    ("Metalworks", 2),
    ("Housing Alliance", 3),
    ("Grocers", 4),
];
/// A client's name and the index of its industry; the first few are deliberately awkward.
pub(crate) fn company(index: usize) -> (String, usize) {
    match index {
        3 => ("O\u{2019}Malley & Sons \"Fine\" Foods, Inc.".into(), 4),
        7 => ("Caf\u{e9} M\u{fc}nchen \u{2615} GmbH".into(), 4),
        11 => ("\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{5d1}\u{5e8}\u{5d0}\u{5d5}\u{5df} Accounting".into(), 0),
        16 => ("<b>Bold</b> Media & Design".into(), 4),
        _ => {
            let (tail, industry) = COMPANY_TAILS[(index * 7 + index / 25) % COMPANY_TAILS.len()];
            let round = index / (COMPANY_HEADS.len() * COMPANY_TAILS.len());
            let suffix = if round == 0 { String::new() } else { format!(" {}", round + 1) };
            (format!("{} {tail}{suffix}", COMPANY_HEADS[index % COMPANY_HEADS.len()]), industry)
        }
    }
}

pub(crate) const CITIES: &[(&str, &str, &str)] = &[
    ("Boston", "MA", "02110"),
    ("Portland", "ME", "04101"),
    ("Providence", "RI", "02903"),
    ("Hartford", "CT", "06103"),
    ("Worcester", "MA", "01608"),
    ("Manchester", "NH", "03101"),
    ("Burlington", "VT", "05401"),
];
const STREETS: &[&str] = &["Main St", "Harbor Rd", "Elm Ave", "Congress St", "Mill Ln", "Station Pl"];

pub(crate) fn street(rng: &mut Rng) -> String {
    format!("{} {}", rng.between(1, 980), rng.pick(STREETS))
}

pub(crate) fn phone(rng: &mut Rng) -> String {
    // 555-01xx numbers are reserved for fiction.
    format!("({}) 555-01{:02}", rng.between(201, 989), rng.below(100))
}

/// A mail-safe form of a name.
pub(crate) fn slug(name: &str) -> String {
    let mut slug: String = name
        .chars()
        .filter_map(|c| {
            if c.is_ascii_alphanumeric() {
                Some(c.to_ascii_lowercase())
            } else if c == ' ' {
                Some('-')
            } else {
                None
            }
        })
        .collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "client".into() } else { slug.into() }
}

/// Titles by sub-issue value.
pub(crate) fn titles(sub_issue: i64) -> &'static [&'static str] {
    match sub_issue {
        130 => &[
            "Computer very slow since this morning",
            "Excel freezes when opening large files",
            "Laptop fan loud and everything is slow",
        ],
        131 => &["Blue screen after update", "PC restarts by itself"],
        132 => &["New laptop for a new hire", "Replace desktop at reception"],
        133 => &["Disk space below 10 % on file server", "Drive C: at 95 % capacity"],
        134 => &["SQL service stopped", "Print spooler not running", "Agent offline for 30 minutes"],
        135 => &["Monthly patching: servers need a restart", "Patch failed on domain controller"],
        136 => &["Internet down at the office", "Packet loss to the provider", "Site unreachable"],
        137 => &["Wi-Fi drops in the meeting room", "Guest Wi-Fi password"],
        138 => &["VPN will not connect from home", "VPN asks for the code again and again"],
        139 => &["Outlook keeps asking for a password", "Cannot send mail, stuck in outbox", "Mailbox full"],
        140 => &["Access to shared mailbox", "Shared calendar not visible"],
        141 => &["No sound in Teams calls", "External guests cannot join the team"],
        142 => &["Password reset", "Account locked out", "Forgot password after holiday"],
        143 => &["New starter on Monday", "Set up account for a new employee"],
        144 => &["Leaver: disable account", "Employee left, forward the mail"],
        145 => &["Accounting software will not open", "Year-end update for accounting"],
        146 => &["Practice management error on save", "Case files do not load"],
        147 => &["Suspicious e-mail, is it phishing?", "Clicked a link, please check"],
        148 => &["New phone, authenticator lost", "MFA prompt does not arrive"],
        149 => &["Endpoint detection: threat quarantined", "Sign-in from an unusual country"],
        150 => &["Backup failed: nightly server job", "Backup older than 24 hours"],
        151 => &["Restore a deleted folder", "Recover yesterday's version of a spreadsheet"],
        152 => &["Printer offline", "Scan to e-mail does not work"],
        153 => &["Toner low on second floor", "Order toner"],
        154 => &["Fax line noise"],
        _ => &["General request"],
    }
}

/// Awkward texts that real tickets contain.
pub(crate) const AWKWARD_TITLES: &[&str] = &[
    "RE: FW: \"Urgent!!\" can't open the 'Q3 report' \u{1f62d}",
    "<script>alert('hi')</script> appears on our web form",
    "\u{5d4}\u{5de}\u{5d7}\u{5e9}\u{5d1} \u{5dc}\u{5d0} \u{5e0}\u{5d3}\u{5dc}\u{5e7} \u{2014} PC does not start",
    "Drucker f\u{fc}r B\u{fc}ro \u{2116} 5 & \u{201e}Empfang\u{201c} \u{1f5a8}\u{fe0f}",
    "   leading spaces,\ttabs and a back\\slash",
    "\u{645}\u{634}\u{643}\u{644}\u{629} \u{641}\u{64a} \u{627}\u{644}\u{628}\u{631}\u{64a}\u{62f}",
];

pub(crate) const DESCRIPTIONS: &[&str] = &[
    "Started this morning. Restart did not help. Please call back before noon.",
    "Happens to two people in the office. Screenshots are attached to the mail.",
    "Raised by monitoring. The threshold was exceeded for more than 15 minutes.",
    "Please arrange with the office manager; somebody must be on site.",
    "User asks for help as soon as possible, a deadline is today.",
    "Details are in the client portal. Approval was given by the primary contact.",
];
pub(crate) const RESOLUTIONS: &[&str] = &[
    "Cleared the cached credentials and tested with the user.",
    "Restarted the service and set it to recover by itself.",
    "Replaced the device and moved the user's data.",
    "Applied the vendor's fix; confirmed by phone.",
    "Alert cleared by itself; threshold reviewed.",
    "Explained how to do it and sent the guide.",
];
pub(crate) const WORK_NOTES: &[&str] = &[
    "Checked the event log and applied updates.",
    "Remote session with the user, issue reproduced.",
    "Called the vendor, waiting for the case number.",
    "Changed the configuration and monitored for an hour.",
    "On site: replaced the cable and tested.",
    "Documented the change and closed with the user.",
];
