using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Timers;

namespace Broker.Silo.Dashboard;

/// <summary>Puts into a silo what it answers the dashboard of Orleans with, asleep until somebody looks at it.</summary>
internal static class DashboardExtensions
{
    /// <summary>Registers the dashboard's part of this silo.</summary>
    public static ISiloBuilder AddSleepingDashboard(this ISiloBuilder silo)
    {
        IServiceCollection services = silo.Services;
        int others = services.Count;
        silo.AddDashboard();
        // What would run from the start of the silo on.
        ServiceDescriptor[] added = [.. services.Skip(others)];
        Func<IServiceProvider, object>[] hosted = Take(services, added, typeof(IHostedService));
        Func<IServiceProvider, object>[] participants = Take(services, added, typeof(ILifecycleParticipant<ISiloLifecycle>));
        Func<IServiceProvider, object> profiler = Take(services, added, typeof(IIncomingGrainCallFilter)).Single();
        Func<IServiceProvider, object> timers = Take(services, services, typeof(ITimerRegistry)).Single();
        services.AddSingleton(provider => new DashboardTimers((ITimerRegistry)timers(provider)));
        services.AddSingleton<ITimerRegistry>(static provider => provider.GetRequiredService<DashboardTimers>());
        services.AddSingleton(provider => new SleepingDashboard(
            () => (IIncomingGrainCallFilter)profiler(provider),
            () => participants.Select(part => (ILifecycleParticipant<ISiloLifecycle>)part(provider)),
            () => hosted.Select(part => (IHostedService)part(provider)),
            provider.GetRequiredService<DashboardTimers>(),
            provider.GetRequiredService<ILogger<SleepingDashboard>>()));
        services.AddSingleton<IIncomingGrainCallFilter>(static provider => provider.GetRequiredService<SleepingDashboard>());
        return silo;
    }

    private static Func<IServiceProvider, object>[] Take(IServiceCollection services, IEnumerable<ServiceDescriptor> from, Type service)
    {
        ServiceDescriptor[] parts = [.. from.Where(part => !part.IsKeyedService && part.ServiceType == service)];
        foreach (ServiceDescriptor part in parts) services.Remove(part);
        return [.. parts.Select(part => part.ImplementationFactory ?? (provider => ActivatorUtilities.CreateInstance(provider, part.ImplementationType!)))];
    }
}
