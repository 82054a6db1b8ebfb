create view dataset.config_items as
select
    t.datasource_id,
    t.id,
    coalesce(t.reference_title, t.rmm_device_audit_hostname, product.name, '#' || t.id) as name,
    t.reference_number,
    t.serial_number,
    t.company_id,
    coalesce(company.company_name, '#' || t.company_id) as company,
    t.company_location_id,
    coalesce(company_location.name, '#' || t.company_location_id) as company_location,
    t.contact_id,
    coalesce(dataset.person(contact.first_name, contact.last_name), '#' || t.contact_id) as contact,
    t.configuration_item_type as configuration_item_type_id,
    coalesce(type_label.label, item_type.name, '#' || t.configuration_item_type) as configuration_item_type,
    t.configuration_item_category_id as category_id,
    coalesce(category.name, '#' || t.configuration_item_category_id) as category,
    t.product_id,
    coalesce(product.name, '#' || t.product_id) as product,
    product.product_category as product_category_id,
    coalesce(product_category_label.label, '#' || product.product_category) as product_category,
    product.manufacturer_name as manufacturer,
    t.contract_id,
    coalesce(contract.contract_name, '#' || t.contract_id) as contract,
    t.service_id,
    coalesce(service.name, '#' || t.service_id) as service,
    t.service_bundle_id,
    coalesce(service_bundle.name, '#' || t.service_bundle_id) as service_bundle,
    t.vendor_id,
    coalesce(vendor.company_name, '#' || t.vendor_id) as vendor,
    t.installed_by_id,
    coalesce(
        dataset.person(installed_by.first_name, installed_by.last_name),
        '#' || t.installed_by_id
    ) as installed_by,
    t.parent_configuration_item_id as parent_id,
    coalesce(parent.reference_title, '#' || t.parent_configuration_item_id) as parent,
    t.service_level_agreement_id as sla_id,
    coalesce(sla_label.label, '#' || t.service_level_agreement_id) as sla,
    coalesce(t.is_active, false) as is_active,
    coalesce(t.is_active and t.configuration_item_type = any (w.endpoint_types), false) as is_endpoint,
    (t.contract_id is not null) as has_contract,
    t.install_date,
    t.warranty_expiration_date,
    greatest(t.warranty_expiration_date, case when t.warranty_expiration_date is not null then w.today end)
        as warranty_end_or_today,
    t.warranty_expiration_date - w.today as days_to_warranty_end,
    round((w.today - t.install_date) / 365.25, 2) as age_years,
    t.location,
    t.number_of_users,
    t.rmm_device_audit_hostname as hostname,
    t.rmm_device_audit_operating_system as operating_system,
    t.rmm_device_audit_last_user as last_user,
    t.rmm_device_audit_ip_address as ip_address,
    t.rmm_device_audit_external_ip_address as external_ip_address,
    t.rmm_device_audit_mac_address as mac_address,
    t.rmm_device_audit_manufacturer_id as rmm_manufacturer_id,
    coalesce(rmm_manufacturer_label.label, '#' || t.rmm_device_audit_manufacturer_id) as rmm_manufacturer,
    t.rmm_device_audit_model_id as rmm_model_id,
    coalesce(rmm_model_label.label, '#' || t.rmm_device_audit_model_id) as rmm_model,
    t.rmm_device_audit_patch_status_id as patch_status_id,
    coalesce(patch_status_label.label, '#' || t.rmm_device_audit_patch_status_id) as patch_status,
    t.rmm_device_audit_antivirus_status_id as antivirus_status_id,
    coalesce(antivirus_status_label.label, '#' || t.rmm_device_audit_antivirus_status_id) as antivirus_status,
    t.rmm_device_audit_backup_status_id as backup_status_id,
    coalesce(backup_status_label.label, '#' || t.rmm_device_audit_backup_status_id) as backup_status,
    round(t.rmm_device_audit_memory_bytes / 1073741824.0, 2) as memory_gb,
    round(t.rmm_device_audit_storage_bytes / 1073741824.0, 2) as storage_gb,
    t.rmm_device_audit_missing_patch_count as missing_patch_count,
    t.rmm_open_alert_count,
    t.datto_last_check_in_date_time,
    t.datto_percentage_used,
    t.domain,
    t.domain_expiration_date_time,
    t.ssl_valid_until_date_time,
    t.hourly_cost,
    t.daily_cost,
    t.monthly_cost,
    t.setup_fee,
    t.create_date,
    t.last_modified_time,
    t.notes,
    t.udf,
    t.extra
from autotask.configuration_items t
join dataset.workspace w on w.datasource_id = t.datasource_id
left join autotask.companies company
    on company.datasource_id = t.datasource_id and company.id = t.company_id
left join autotask.company_locations company_location
    on company_location.datasource_id = t.datasource_id and company_location.id = t.company_location_id
left join autotask.contacts contact
    on contact.datasource_id = t.datasource_id and contact.id = t.contact_id
left join autotask.configuration_item_types item_type
    on item_type.datasource_id = t.datasource_id and item_type.id = t.configuration_item_type
left join autotask.picklist_values type_label
    on type_label.datasource_id = t.datasource_id
        and type_label.entity = 'ConfigurationItems'
        and type_label.field = 'configurationItemType'
        and type_label.value = t.configuration_item_type
left join autotask.configuration_item_categories category
    on category.datasource_id = t.datasource_id and category.id = t.configuration_item_category_id
left join autotask.products product
    on product.datasource_id = t.datasource_id and product.id = t.product_id
left join autotask.picklist_values product_category_label
    on product_category_label.datasource_id = t.datasource_id
        and product_category_label.entity = 'Products'
        and product_category_label.field = 'productCategory'
        and product_category_label.value = product.product_category
left join autotask.contracts contract
    on contract.datasource_id = t.datasource_id and contract.id = t.contract_id
left join autotask.services service
    on service.datasource_id = t.datasource_id and service.id = t.service_id
left join autotask.service_bundles service_bundle
    on service_bundle.datasource_id = t.datasource_id and service_bundle.id = t.service_bundle_id
left join autotask.companies vendor
    on vendor.datasource_id = t.datasource_id and vendor.id = t.vendor_id
left join autotask.resources installed_by
    on installed_by.datasource_id = t.datasource_id and installed_by.id = t.installed_by_id
left join autotask.configuration_items parent
    on parent.datasource_id = t.datasource_id and parent.id = t.parent_configuration_item_id
left join autotask.picklist_values sla_label
    on sla_label.datasource_id = t.datasource_id
        and sla_label.entity = 'ConfigurationItems'
        and sla_label.field = 'serviceLevelAgreementID'
        and sla_label.value = t.service_level_agreement_id
left join autotask.picklist_values rmm_manufacturer_label
    on rmm_manufacturer_label.datasource_id = t.datasource_id
        and rmm_manufacturer_label.entity = 'ConfigurationItems'
        and rmm_manufacturer_label.field = 'rmmDeviceAuditManufacturerID'
        and rmm_manufacturer_label.value = t.rmm_device_audit_manufacturer_id
left join autotask.picklist_values rmm_model_label
    on rmm_model_label.datasource_id = t.datasource_id
        and rmm_model_label.entity = 'ConfigurationItems'
        and rmm_model_label.field = 'rmmDeviceAuditModelID'
        and rmm_model_label.value = t.rmm_device_audit_model_id
left join autotask.picklist_values patch_status_label
    on patch_status_label.datasource_id = t.datasource_id
        and patch_status_label.entity = 'ConfigurationItems'
        and patch_status_label.field = 'rmmDeviceAuditPatchStatusID'
        and patch_status_label.value = t.rmm_device_audit_patch_status_id
left join autotask.picklist_values antivirus_status_label
    on antivirus_status_label.datasource_id = t.datasource_id
        and antivirus_status_label.entity = 'ConfigurationItems'
        and antivirus_status_label.field = 'rmmDeviceAuditAntivirusStatusID'
        and antivirus_status_label.value = t.rmm_device_audit_antivirus_status_id
left join autotask.picklist_values backup_status_label
    on backup_status_label.datasource_id = t.datasource_id
        and backup_status_label.entity = 'ConfigurationItems'
        and backup_status_label.field = 'rmmDeviceAuditBackupStatusID'
        and backup_status_label.value = t.rmm_device_audit_backup_status_id
where t.deleted_at is null;
