using System.Net;
using Broker.Admin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Orleans.Dashboard;

namespace Broker.Silo.Dashboard;

/// <summary>
/// The dashboard of Orleans, below the admin web. Without a log-in only this machine sees it. Its pages are put together at the first request, since that
/// compresses 17 MB of assets.
/// </summary>
/// <param name="access">Knows whether there is a log-in.</param>
internal sealed class DashboardBranch(AdminAccess access) : IAdminBranch
{
    // Its pages set styles of their own; scripts, too, come from here only.
    private const string Policy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

    private Lazy<Task<RequestDelegate>>? _pages;

    /// <inheritdoc/>
    public string Path => "/dashboard";

    /// <inheritdoc/>
    public string Title => "Orleans dashboard";

    /// <summary>Whether somebody has asked for a page.</summary>
    public bool IsBuilt => _pages?.IsValueCreated == true;

    /// <inheritdoc/>
    public void Use(IApplicationBuilder app, string path)
    {
        _pages = new(() => Task.Run(() => Build(app.New(), path)));
        app.Run(context => MaySee(context) ? ShowAsync(context, _pages.Value) : RefuseAsync(context));
    }

    private static RequestDelegate Build(IApplicationBuilder pages, string path)
    {
        pages.UseRouting();
        pages.UseEndpoints(endpoints => endpoints.MapOrleansDashboard(path));
        return pages.Build();
    }

    private bool MaySee(HttpContext context) =>
        access.HasLogin || context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote);

    private static async Task ShowAsync(HttpContext context, Task<RequestDelegate> pages)
    {
        context.Response.Headers.ContentSecurityPolicy = Policy;
        await (await pages)(context);
    }

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync("without --admin-password-file the dashboard is shown on this machine only\n");
    }
}
