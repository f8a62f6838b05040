using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;

namespace Broker.Admin;

/// <summary>
/// Knows who sent a request. By a session or basic authentication where there is a file of passwords; by a header where an
/// authenticating proxy is trusted; else everybody is let in, and nsqadmin's <c>--admin-user</c> says who may change things (spec 5.1).
/// </summary>
/// <param name="options">How users are known.</param>
/// <param name="limit">Bounds how often passwords are tried.</param>
/// <param name="passwords">The users who can log in; null when nobody can.</param>
public sealed class AdminAccess(AdminOptions options, LoginLimit limit, PasswordFile? passwords = null)
{
    private const string StampClaim = "stamp";

    /// <summary>Whether there is a page to log in on.</summary>
    public bool HasLogin => passwords is not null;

    /// <summary>Who sent a request.</summary>
    public async ValueTask<AdminUser> IdentifyAsync(HttpContext context)
    {
        string named = context.Request.Headers[options.AclHttpHeader].ToString();
        if (options.TrustedProxies.Count > 0 && IsTrustedProxy(context) && named.Length > 0)
            return new AdminUser(named, RoleOf(named));
        if (passwords is not null)
            return await AuthenticateAsync(passwords, context);
        if (options.TrustedProxies.Count > 0)
            return AdminUser.Nobody;
        return new AdminUser(named.Length > 0 ? named : BasicCredentials.Of(context.Request)?.Name ?? "", RoleOf(named));
    }

    /// <summary>Whether a request came by a proxy that is believed.</summary>
    public bool IsTrustedProxy(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote && options.TrustedProxies.Any(proxy => proxy.Contains(remote));

    /// <summary>Logs somebody in; null when the password is wrong.</summary>
    /// <exception cref="InvalidOperationException">Nobody can log in here.</exception>
    public async Task<AdminUser?> LogInAsync(HttpContext context, string name, string password)
    {
        PasswordFile file = passwords ?? throw new InvalidOperationException("there are no passwords");
        if (await VerifyAsync(file, context, name, password) is not { } entry)
            return null;
        ClaimsIdentity identity = new(CookieAuthenticationDefaults.AuthenticationScheme);
        identity.AddClaim(new Claim(ClaimTypes.Name, entry.Name));
        identity.AddClaim(new Claim(StampClaim, StampOf(entry)));
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
        return new AdminUser(entry.Name, entry.Role, HasSession: true);
    }

    /// <summary>Ends a session.</summary>
    public static Task LogOutAsync(HttpContext context) => context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);

    // A session ends with the password that began it, and with the role.
    private static string StampOf(PasswordEntry entry) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(entry.ToString())));

    private AdminRole RoleOf(string name) =>
        options.AdminUsers.Count == 0 || options.AdminUsers.Contains(name) ? AdminRole.Admin : AdminRole.Viewer;

    private async ValueTask<AdminUser> AuthenticateAsync(PasswordFile file, HttpContext context)
    {
        if (BasicCredentials.Of(context.Request) is { } basic)
        {
            return await VerifyAsync(file, context, basic.Name, basic.Password) is { } entry
                ? new AdminUser(entry.Name, entry.Role)
                : AdminUser.Nobody;
        }
        AuthenticateResult session = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        if (session.Principal is not { Identity.Name: { } name } principal || file.Find(name) is not { } user)
            return AdminUser.Nobody;
        if (principal.FindFirstValue(StampClaim) != StampOf(user))
            return AdminUser.Nobody;
        // Anti-forgery tokens belong to whoever is logged in.
        context.User = principal;
        return new AdminUser(user.Name, user.Role, HasSession: true);
    }

    private async Task<PasswordEntry?> VerifyAsync(PasswordFile file, HttpContext context, string name, string password)
    {
        if (limit.IsExceeded(context.Connection.RemoteIpAddress))
            return null;
        PasswordEntry? entry = await file.VerifyAsync(name, password, context.RequestAborted);
        if (entry is null)
            limit.Count(context.Connection.RemoteIpAddress);
        else
            limit.Forget(context.Connection.RemoteIpAddress);
        return entry;
    }
}
