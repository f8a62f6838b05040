using System.IO.Pipelines;
using System.Security.Authentication;
using Broker.Gateway.Security;
using Broker.Gateway.Sockets;
using Broker.Protocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Connections;

/// <summary>What a client is read from and written to: the socket, until IDENTIFY agrees on TLS or compression (spec 1.7).</summary>
/// <param name="context">The socket's side.</param>
/// <param name="tls">The server's side of TLS.</param>
/// <param name="time">The clock.</param>
internal sealed class ConnectionTransport(ConnectionContext context, TlsServer tls, TimeProvider time)
{
    private static readonly TimeSpan UpgradeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Where commands come from.</summary>
    public PipeReader Input { get; private set; } = context.Transport.Input;

    /// <summary>Where frames go.</summary>
    public PipeWriter Output { get; private set; } = context.Transport.Output;

    /// <summary>TLS and compression; null while bytes are plain.</summary>
    public UpgradedTransport? Upgraded { get; private set; }

    /// <summary>Has a read that waits end; one that does not wait now, when it next does.</summary>
    public void CancelRead() => Input.CancelPendingRead();

    /// <summary>Has all reading end.</summary>
    public void Interrupt()
    {
        CancelRead();
        // A handshake under way reads from the socket itself.
        if (Upgraded is not null)
            context.Transport.Input.CancelPendingRead();
    }

    /// <summary>
    /// Puts on what IDENTIFY has agreed on: TLS, then one compression, each announced by an <c>OK</c>. Bytes that the client sent too
    /// early are the first that the new layer reads, never commands. Nobody else may write meanwhile.
    /// </summary>
    /// <returns>Why it did not come about; null when it did.</returns>
    public async ValueTask<Exception?> UpgradeAsync(IdentifyReply agreed)
    {
        UpgradedTransport upgraded = Upgraded = new UpgradedTransport(context.Transport);
        // Handshakes and decompression take their time.
        context.Features.Get<IServedInPlace>()?.LeaveToPool();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using CancellationTokenSource patience = new(UpgradeTimeout, time);
            if (agreed.Tls)
                await upgraded.SecureAsync(tls, patience.Token);
            if (agreed.Snappy)
                await upgraded.SnappyAsync(patience.Token);
            if (agreed.Deflate)
                await upgraded.DeflateAsync(agreed.DeflateLevel, patience.Token);
            Input = upgraded.Input;
            Output = upgraded.Output;
            return null;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException)
        {
            return e;
        }
    }

    /// <summary>Ends what was put on the socket.</summary>
    /// <param name="isWritable">Whether the client can be told.</param>
    /// <exception cref="IOException">The client is gone.</exception>
    public async ValueTask EndAsync(bool isWritable)
    {
        if (Upgraded is not { } upgraded)
            return;
        if (isWritable)
            await upgraded.EndAsync();
        await upgraded.DisposeAsync();
    }
}
