//! Configuration items: workstations, servers, network devices, appliances, domains.

use super::World;
use super::cell::{At, DAY, HOUR, draft, midnight};
use super::text::slug;

pub(crate) fn fill(w: &mut World) {
    let mut rng = w.rng(41);
    let now = w.now;
    let mut id: u32 = 900_000;
    let mut clients = std::mem::take(&mut w.clients);
    let per_seat = w.scale.items as f64 / (w.scale.contacts as f64 * 2.0);
    for client in clients.iter_mut().filter(|client| client.is_customer || client.id == 0) {
        let seats = super::cell::whole((client.seats as f64 * per_seat).max(3.0));
        let servers = (client.seats / 18).max(1);
        let mut kinds: Vec<i64> = (0..seats).map(|at| if at % 5 < 3 { 2 } else { 1 }).collect();
        kinds.extend((0..servers).map(|_| 3));
        kinds.extend([5, 6, 7, 9, 12]);
        if client.seats > 20 {
            kinds.extend([11, 7, 6]);
        }
        if client.id % 6 == 1 {
            kinds.push(8);
        }
        let place = format!("{:03}", client.id % 1000);
        for (nth, kind) in kinds.into_iter().enumerate() {
            id += 1 + u32::from(rng.chance(0.1));
            let installed = now - rng.between(20, 2_000) * DAY;
            let warranty_years = if kind == 3 { 5 } else { 3 };
            let active = kind != 8 && !rng.chance(0.06);
            let (prefix, product) = match kind {
                1 => ("WS", 502),
                2 => ("LT", 501),
                3 => ("SRV", 503),
                5 => ("FW", 504),
                6 => ("SW", 505),
                7 => ("AP", 506),
                9 => ("PRN", 507),
                11 => ("BDR", 508),
                12 => ("DOM", 509),
                _ => ("PBX", 507),
            };
            let host = format!("{prefix}{place}-{:02}", nth + 1);
            let monitored = matches!(kind, 1..=3) && active;
            let modified = now - rng.between(0, 90) * DAY - rng.between(0, 23) * HOUR;
            let contact = matches!(kind, 1 | 2).then(|| client.contacts.get(nth).copied()).flatten();
            let mut item = draft!("ConfigurationItems" {
                id: id, companyID: client.id, productID: product, configurationItemType: kind, configurationItemCategoryID: 1,
                referenceTitle: host.as_str(), referenceNumber: format!("CI-{id}"), isActive: active, contactID: contact,
                contractID: client.agreement.map(|(contract, _)| contract).filter(|_| nth % 8 != 7),
                serialNumber: format!("{:07X}", crate::rng::mix(u64::from(id)) & 0xFFF_FFFF), installDate: At(midnight(w.calendar.date(installed))),
                createDate: At(installed), lastModifiedTime: At(modified), location: "Main Office",
                companyLocationID: client.location, createdByPersonID: w.staff.manager, installedByID: w.staff.engineers.first().map(|tech| tech.id),
                // One device in ten was never registered with its maker.
                warrantyExpirationDate: (nth % 10 != 9 && kind != 12).then(|| At(midnight(w.calendar.date(installed + warranty_years * 365 * DAY)))),
                monthlyCost: 0.0, lastActivityPersonType: 1, lastActivityPersonID: w.staff.manager
            });
            if monitored {
                let patches = if rng.chance(0.7) { 0 } else { rng.between(1, 24) };
                item = item
                    .set("apiVendorID", 15)
                    .set("rmmDeviceID", i64::from(id) * 7)
                    .set("rmmDeviceUID", format!("{:016x}", crate::rng::mix(u64::from(id) << 8)))
                    .set("rmmDeviceAuditHostname", host.as_str())
                    .set(
                        "rmmDeviceAuditOperatingSystem",
                        *rng.pick(if kind == 3 {
                            &["Windows Server 2019", "Windows Server 2022", "Windows Server 2012 R2"][..]
                        } else {
                            &["Windows 11 Pro", "Windows 11 Pro", "Windows 10 Pro", "macOS 15"][..]
                        }),
                    )
                    .set("rmmDeviceAuditMemoryBytes", rng.pick(&[8_i64, 16, 32, 64]) * 1_073_741_824)
                    .set("rmmDeviceAuditStorageBytes", rng.pick(&[256_i64, 512, 1024]) * 1_000_000_000)
                    .set("rmmDeviceAuditIPAddress", format!("10.{}.1.{}", client.id % 250, nth % 250 + 2))
                    .set("rmmDeviceAuditMissingPatchCount", patches)
                    .set(
                        "rmmDeviceAuditPatchStatusID",
                        if patches == 0 { 1 } else { 2 + i64::from(patches > 12) },
                    )
                    .set("rmmDeviceAuditAntivirusStatusID", *rng.pick(&[1, 1, 1, 1, 1, 1, 2, 3]))
                    .set("rmmDeviceAuditDeviceTypeID", if kind == 3 { 3 } else { kind })
                    .set("rmmDeviceAuditManufacturerID", rng.between(1, 4))
                    .set("rmmDeviceAuditLastUser", format!("{}\\user{:02}", slug(&place), nth + 1))
                    .set("rmmOpenAlertCount", i64::from(rng.chance(0.08)));
            }
            if kind == 11 {
                item = item
                    .set("dattoHostname", host.as_str())
                    .set(
                        "dattoLastCheckInDateTime",
                        At(now - if rng.chance(0.1) { 9 * DAY } else { rng.between(1, 50) * 60_000 }),
                    )
                    .set("dattoPercentageUsed", (rng.span(31.0, 96.0) * 10.0).round() / 10.0)
                    .set("dattoNumberOfAgents", servers);
            }
            if kind == 12 {
                item = item
                    .set("domain", format!("client{place}.example"))
                    .set("domainExpirationDateTime", At(now + rng.between(-5, 360) * DAY))
                    .set("sslCommonName", format!("www.client{place}.example"))
                    .set("sslValidUntilDateTime", At(now + rng.between(-10, 85) * DAY));
            }
            item = item.udf("Asset Tag", Some(format!("NW{id}"))).udf(
                "Disk Encrypted",
                matches!(kind, 1..=3).then(|| if nth % 4 == 3 { "No" } else { "Yes" }.to_owned()),
            );
            w.insert(item);
            if active {
                match kind {
                    1 | 2 => client.items.push(id),
                    3 | 5 | 11 => client.servers.push(id),
                    _ => {}
                }
            }
        }
    }
    w.clients = clients;
}
