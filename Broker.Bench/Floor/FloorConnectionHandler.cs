using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Broker.Bench.Floor;

/// <summary>Joins Kestrel's pipes to a <see cref="FloorSession"/>.</summary>
internal sealed class FloorConnectionHandler(FloorFile file, FloorBacklog backlog) : ConnectionHandler
{
    // Messages written before FINs are looked for again: about what Kestrel lets wait in a connection's output.
    private const int DeliveryRun = 256;

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        FloorSession session = new(file, backlog);
        PipeReader input = connection.Transport.Input;
        PipeWriter output = connection.Transport.Output;
        try
        {
            while (true)
            {
                if (!input.TryRead(out ReadResult read))
                {
                    if (session.Deliver(output, DeliveryRun))
                    {
                        await output.FlushAsync();
                        continue;
                    }
                    read = await input.ReadAsync();
                }
                ReadOnlySequence<byte> bytes = read.Buffer;
                session.Append(bytes);
                input.AdvanceTo(bytes.End);
                bool goesOn = session.Execute(output);
                session.Deliver(output, DeliveryRun);
                await output.FlushAsync();
                if (read.IsCompleted || !goesOn)
                    return;
            }
        }
        catch (Exception exception) when (exception is ConnectionResetException or ConnectionAbortedException)
        {
            // The client has gone; that is its right.
        }
    }
}
