# Made by `porter-audit permissions gcp --format terraform --tier ancestors` from the list of calls.
variable "org_id" {
  description = "The organization that the scan reads."
  type        = string
}

variable "reader" {
  description = "Who reads, for example serviceAccount:NAME@PROJECT.iam.gserviceaccount.com."
  type        = string
}

resource "google_organization_iam_custom_role" "porter_audit_read" {
  org_id      = var.org_id
  role_id     = "porterAuditRead"
  title       = "porter-audit reader (ancestors)"
  description = "Read-only: what porter-audit needs to judge Porter's access, and nothing else."
  stage       = "GA"
  permissions = [
    "cloudasset.assets.searchAllIamPolicies",
    "container.clusters.list",
    "iam.denypolicies.get",
    "iam.denypolicies.list",
    "iam.roles.get",
    "iam.roles.list",
    "iam.serviceAccountKeys.list",
    "iam.serviceAccounts.getIamPolicy",
    "iam.serviceAccounts.list",
    "iam.workloadIdentityPoolProviders.list",
    "iam.workloadIdentityPools.list",
    "resourcemanager.folders.get",
    "resourcemanager.folders.getIamPolicy",
    "resourcemanager.folders.list",
    "resourcemanager.organizations.getIamPolicy",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "resourcemanager.projects.list",
    "serviceusage.services.list",
    "storage.hmacKeys.list",
  ]
}

resource "google_organization_iam_member" "porter_audit_read" {
  org_id  = var.org_id
  role    = google_organization_iam_custom_role.porter_audit_read.id
  member  = var.reader
}
