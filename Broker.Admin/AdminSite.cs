using Broker.Serving.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>The admin web: nsqadmin's pages and API (spec 5), and what its users asked it for.</summary>
/// <param name="services">Where the endpoints find their parts.</param>
/// <param name="logger">Where requests that crash are logged.</param>
public sealed class AdminSite(IServiceProvider services, ILogger<AdminSite> logger) : HttpSite(services, logger)
{
    private readonly Func<PageEndpoints> _pages = services.GetRequiredService<PageEndpoints>;
    private readonly bool _hasLogin = services.GetRequiredService<AdminOptions>() is { PasswordFile.Length: > 0 } or { TrustedProxies.Count: > 0 };

    /// <inheritdoc/>
    protected override bool HasLogin => _hasLogin;

    /// <inheritdoc/>
    protected override bool HasPages => true;

    /// <inheritdoc/>
    protected override void Use(IServiceProvider services, IApplicationBuilder app)
    {
        AdminOptions options = services.GetRequiredService<AdminOptions>();
        AdminAccess access = services.GetRequiredService<AdminAccess>();
        string? images = options.GraphiteUrl.Length > 0 && !options.ProxyGraphite ? new Uri(options.GraphiteUrl).GetLeftPart(UriPartial.Authority) : null;
        app.Use(next => context =>
        {
            SecurityHeaders.Apply(context.Response.Headers, images);
            // A proxy that is believed says whether the browser came to it encrypted.
            if (context.Request.Headers["X-Forwarded-Proto"] == Uri.UriSchemeHttps && access.IsTrustedProxy(context))
                context.Request.Scheme = Uri.UriSchemeHttps;
            return next(context);
        });
        app.UseResponseCompression();
        AccessGate gate = services.GetRequiredService<AccessGate>();
        app.Use(next => context => gate.PassAsync(context, next));
        AdminPaths paths = services.GetRequiredService<AdminPaths>();
        foreach (IAdminBranch branch in services.GetServices<IAdminBranch>())
        {
            string path = paths.At(branch.Path);
            app.MapWhen(context => context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal), below => branch.Use(below, path));
        }
    }

    /// <inheritdoc/>
    // People are shown a page; programs get what the API says.
    protected override Task AnswerUnknownAsync(HttpContext context) =>
        context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            ? _pages().ShowAsync(context, SitePages.NotFound("No such page", "There is no page at this address. It may be mistyped."))
            : base.AnswerUnknownAsync(context);

    /// <inheritdoc/>
    protected override void Map(IServiceProvider services, IEndpointRouteBuilder endpoints)
    {
        services.GetRequiredService<StaticEndpoints>().Map(endpoints);
        services.GetRequiredService<ApiEndpoints>().Map(endpoints);
        services.GetRequiredService<ConfigEndpoints>().Map(endpoints);
        services.GetRequiredService<GraphiteEndpoints>().Map(endpoints);
        services.GetRequiredService<SitePages>().Map(endpoints);
        services.GetRequiredService<ActionPages>().Map(endpoints);
        services.GetRequiredService<PolicyPages>().Map(endpoints);
        services.GetRequiredService<SessionPages>().Map(endpoints);
    }
}
