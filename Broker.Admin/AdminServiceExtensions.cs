using Broker.Serving.Http.Config;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>Adds the admin web to a container.</summary>
public static class AdminServiceExtensions
{
    private static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <summary>
    /// Adds the admin web: <see cref="AdminSite"/> is to be given a listener. The container needs a <see cref="TimeProvider"/>, an
    /// <see cref="IBrokerOptions"/>, <see cref="OwnSites"/> and <see cref="ClusterAddresses"/>.
    /// </summary>
    public static IServiceCollection AddAdmin(this IServiceCollection services, AdminOptions options)
    {
        services.AddRoutingCore();
        services.AddResponseCompression(compression =>
        {
            compression.Providers.Add<GzipCompressionProvider>();
            compression.Providers.Add<DeflateProvider>();
        });
        // Sessions end with the process: it keeps no key on a disk.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "broker_admin_form";
            antiforgery.Cookie.Path = options.BasePath;
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            antiforgery.FormFieldName = "token";
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
        {
            cookie.Cookie.Name = "broker_admin";
            cookie.Cookie.Path = options.BasePath;
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Strict;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.ExpireTimeSpan = SessionLifetime;
            cookie.SlidingExpiration = true;
        });
        // Each of these has added a service that would make a key on the disk at the start all the same, and warn that nothing encrypts it.
        foreach (ServiceDescriptor service in services.Where(IsOfDataProtection).ToArray())
            services.Remove(service);
        if (options.PasswordFile.Length > 0)
        {
            services.AddSingleton(provider => new PasswordFile(
                options.PasswordFile, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<PasswordFile>>()));
        }
        return services
            .AddSingleton(options)
            .AddSingleton<AdminPaths>()
            .AddSingleton<NodeClient>()
            .AddSingleton<BrokerCluster>()
            .AddSingleton<ChannelMessages>()
            .AddSingleton<ClusterPolicies>()
            .AddSingleton<ActionNotifier>()
            .AddHostedService(static provider => provider.GetRequiredService<ActionNotifier>())
            .AddSingleton<AdminActions>()
            .AddSingleton<LoginLimit>()
            .AddSingleton<AdminAccess>()
            .AddSingleton<AccessGate>()
            .AddSingleton<StaticFiles>()
            .AddSingleton<StaticEndpoints>()
            .AddSingleton<ApiEndpoints>()
            .AddSingleton<ConfigEndpoints>()
            .AddSingleton<GraphiteEndpoints>()
            .AddSingleton<ClusterSampler>()
            .AddHostedService(static provider => provider.GetRequiredService<ClusterSampler>())
            .AddSingleton<PageRenderer>()
            .AddSingleton<Notices>()
            .AddSingleton<PageEndpoints>()
            .AddSingleton<SitePages>()
            .AddSingleton<PageForms>()
            .AddSingleton<ActionPages>()
            .AddSingleton<PolicyPages>()
            .AddSingleton<SessionPages>()
            .AddSingleton<AdminSite>();
    }

    private static bool IsOfDataProtection(ServiceDescriptor service) =>
        service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == typeof(IDataProtectionBuilder).Assembly;
}
