# Made by `porter-audit permissions gcp --format terraform --tier project` from the list of calls.
variable "project_id" {
  description = "The project that the scan reads."
  type        = string
}

variable "reader" {
  description = "Who reads, for example serviceAccount:NAME@PROJECT.iam.gserviceaccount.com."
  type        = string
}

resource "google_project_iam_custom_role" "porter_audit_read" {
  project     = var.project_id
  role_id     = "porterAuditRead"
  title       = "porter-audit reader (project)"
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
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "serviceusage.services.list",
    "storage.hmacKeys.list",
  ]
}

resource "google_project_iam_member" "porter_audit_read" {
  project = var.project_id
  role    = google_project_iam_custom_role.porter_audit_read.id
  member  = var.reader
}
