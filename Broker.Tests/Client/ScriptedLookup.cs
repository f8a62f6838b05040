using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Broker.Tests.Client;

/// <summary>A lookup service whose answers a test chooses.</summary>
internal sealed class ScriptedLookup : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<string> _requests = Channel.CreateUnbounded<string>();
    private volatile string _answer = """{"channels":[],"producers":[]}""";
    private volatile string _status = "200 OK";

    public ScriptedLookup()
    {
        _listener.Start();
        _ = ServeAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>The head of each request that was answered.</summary>
    public ChannelReader<string> Requests => _requests.Reader;

    /// <summary>Has the servers at these ports.</summary>
    public void Tell(params int[] ports)
    {
        string producers = string.Join(',', ports.Select(port => $$"""{"broadcast_address":"127.0.0.1","tcp_port":{{port}},"http_port":1}"""));
        Answer("200 OK", $$"""{"channels":["mail"],"producers":[{{producers}}]}""");
    }

    public void Answer(string status, string json)
    {
        _answer = json;
        _status = status;
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _listener.Stop();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                NetworkStream stream = client.GetStream();
                StringBuilder head = new();
                byte[] one = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, _stopping.Token) > 0)
                    head.Append((char)one[0]);
                string answer = _answer;
                await stream.WriteAsync(Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 {_status}\r\nContent-Length: {answer.Length}\r\nConnection: close\r\n\r\n{answer}"), _stopping.Token);
                await _requests.Writer.WriteAsync(head.ToString());
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException && _stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }
}
