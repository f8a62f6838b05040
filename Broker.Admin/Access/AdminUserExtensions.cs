using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>Who sent a request, as <see cref="AccessGate"/> found out.</summary>
internal static class AdminUserExtensions
{
    /// <summary>Who sent it.</summary>
    public static AdminUser GetAdminUser(this HttpContext context) => context.Features.Get<AdminUser>() ?? AdminUser.Nobody;
}
