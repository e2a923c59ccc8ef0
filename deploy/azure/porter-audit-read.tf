# Made by `porter-audit permissions azure --format terraform --tier graph` from the list of calls.
variable "subscription_id" {
  description = "The subscription that the scan reads."
  type        = string
}

variable "reader_object_id" {
  description = "Object id of the service principal or managed identity that reads."
  type        = string
}

resource "azurerm_role_definition" "porter_audit_read" {
  name              = "porter-audit reader"
  scope             = "/subscriptions/${var.subscription_id}"
  description       = "Read-only: what porter-audit needs to judge Porter's access, and nothing else."
  assignable_scopes = ["/subscriptions/${var.subscription_id}"]

  permissions {
    actions = [
      "Microsoft.Authorization/denyAssignments/read",
      "Microsoft.Authorization/roleAssignments/read",
      "Microsoft.Authorization/roleAssignmentsUsageMetrics/read",
      "Microsoft.Authorization/roleDefinitions/read",
      "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
      "Microsoft.Authorization/roleEligibilitySchedules/read",
      "Microsoft.ContainerService/managedClusters/read",
      "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
      "Microsoft.ManagedIdentity/userAssignedIdentities/read",
      "Microsoft.ManagedServices/registrationAssignments/read",
      "Microsoft.Management/managementGroups/descendants/read",
      "Microsoft.Resources/subscriptions/providers/read",
      "Microsoft.Resources/subscriptions/read",
    ]
  }
}

resource "azurerm_role_assignment" "porter_audit_read" {
  scope              = "/subscriptions/${var.subscription_id}"
  role_definition_id = azurerm_role_definition.porter_audit_read.role_definition_resource_id
  principal_id       = var.reader_object_id
}

data "azuread_service_principal" "graph" {
  client_id = "00000003-0000-0000-c000-000000000000" # Microsoft Graph, the same in every tenant
}

resource "azuread_app_role_assignment" "application_read_all" {
  app_role_id         = "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30" # Application.Read.All
  principal_object_id = var.reader_object_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}

resource "azuread_app_role_assignment" "directory_read_all" {
  app_role_id         = "7ab1d382-f21e-4acd-a863-ba3e13f7da61" # Directory.Read.All
  principal_object_id = var.reader_object_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}
