using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Broker.Silo.Hosting;

/// <summary>The file of a unix socket, which stays behind when its process is killed.</summary>
public static class UnixSocketFile
{
    /// <summary>Removes the file when nobody listens on it any more, so that a killed broker can be started again.</summary>
    public static void RemoveIfStale(string path)
    {
        if (!File.Exists(path)) return;
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path);
        }
        catch (SocketException)
        {
            // Not ours to remove: the bind that follows says what is wrong with it.
        }
    }

    // Connecting to an ordinary file is refused too, and that one must not be lost; but only a file can be opened.
    private static bool IsSocket(string path)
    {
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
