using System.Net;
using Broker.Admin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Orleans.Dashboard;

namespace Broker.Silo.Cluster;

/// <summary>The dashboard of Orleans, below the admin web. Without a log-in only this machine sees it.</summary>
/// <param name="access">Knows whether there is a log-in.</param>
internal sealed class DashboardBranch(AdminAccess access) : IAdminBranch
{
    // Its pages set styles of their own; scripts, too, come from here only.
    private const string Policy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

    /// <inheritdoc/>
    public string Path => "/dashboard";

    /// <inheritdoc/>
    public void Use(IApplicationBuilder app, string path)
    {
        app.Use(next => context => MaySee(context) ? ShowAsync(context, next) : RefuseAsync(context));
        app.UseRouting();
        app.UseEndpoints(endpoints => endpoints.MapOrleansDashboard(path));
    }

    private bool MaySee(HttpContext context) =>
        access.HasLogin || context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote);

    private static Task ShowAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        return next(context);
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("without --admin-password-file the dashboard is shown on this machine only\n");
    }
}
