using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Bench.Floor;

/// <summary>A bare Kestrel server that speaks enough of the protocol to be measured, and does next to nothing.</summary>
public sealed class FloorServer : IAsyncDisposable
{
    private readonly WebApplication _host;
    private readonly FloorFile _file;

    private FloorServer(WebApplication host, FloorFile file, IPEndPoint endPoint)
    {
        _host = host;
        _file = file;
        EndPoint = endPoint;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="IOException">The address is taken, or the file cannot be written.</exception>
    public static async Task<FloorServer> StartAsync(FloorOptions options)
    {
        FloorFile file = new(options);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(file);
        builder.Services.AddSingleton(new FloorBacklog(options));
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = options.Inline;
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(options.Listen, listen => listen.UseConnectionHandler<FloorConnectionHandler>()));
        WebApplication host = builder.Build();
        try
        {
            await host.StartAsync();
        }
        catch
        {
            await host.DisposeAsync();
            file.Dispose();
            throw;
        }
        string address = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new FloorServer(host, file, new IPEndPoint(options.Listen.Address, new Uri(address).Port));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _file.Dispose();
    }
}
