using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Gateway.Security;

/// <summary>Serves a listener of HTTP encrypted.</summary>
public static class TlsListenOptionsExtensions
{
    /// <summary>Puts TLS on a listener, with the certificate as it is when a client connects.</summary>
    /// <param name="listener">The listener.</param>
    public static ListenOptions UseTls(this ListenOptions listener)
    {
        TlsServer tls = listener.ApplicationServices.GetRequiredService<TlsServer>();
        return listener.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls.CreateOptions()) });
    }
}
