@echo off
rem The command ggml4j for Windows: finds a Java, builds what is missing, and starts.
rem What it does is what the shell script beside it does; sources newer than the build are not
rem noticed here: delete cli\target\app to have it built again.
rem
rem   JAVA_HOME            a JDK to use, if it is new enough
rem   GGML4J_JAVA_OPTS     more options for Java, such as -Xmx8g
setlocal EnableExtensions DisableDelayedExpansion
set "needed=22"
set "here=%~dp0"
set "root=%here%.."
set "app=%here%cli\target\app"
set "home="
set "major=0"
set "name="
set "built="

if exist "%app%\app.env" goto :read
where mvn >nul 2>nul
if errorlevel 1 (
  >&2 echo ggml4j: Maven is needed to build the command, and there is no mvn on the PATH.
  exit /b 1
)
>&2 echo ggml4j: building ^(GGML with CMake, the rest with Maven; a few minutes the first time^) ...
>&2 echo ggml4j:   mvn -q -DskipTests -pl samples/cli -am package
pushd "%root%"
call mvn -q -DskipTests -pl samples/cli -am package 1>&2
set "result=%errorlevel%"
popd
if not "%result%"=="0" (
  >&2 echo ggml4j: the build failed; see above. It needs a JDK 25, CMake, a C++ compiler, and the network once.
  exit /b 1
)

:read
for /f "usebackq tokens=1,* delims==" %%a in ("%app%\app.env") do (
  if "%%a"=="name" set "name=%%b"
  if "%%a"=="java" set "built=%%b"
)

if defined JAVA_HOME call :consider "%JAVA_HOME%"
if not defined home for %%j in (java.exe) do if not "%%~$PATH:j"=="" call :consider "%%~dp$PATH:j.."
if not defined home if defined built call :consider "%built%"
if not defined home for /d %%d in ("%ProgramFiles%\Java\*" "%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\*" "%ProgramFiles%\Amazon Corretto\*" "%ProgramFiles%\BellSoft\*" "%USERPROFILE%\.jdks\*") do call :consider "%%~d"
if not defined home (
  >&2 echo ggml4j: no Java %needed% or newer was found: not in JAVA_HOME, not on the PATH, not in the usual folders.
  >&2 echo ggml4j: Install a JDK, such as https://adoptium.net, or set JAVA_HOME to one.
  exit /b 1
)

set "version="
set "maker="
for /f "usebackq tokens=1,* delims==" %%a in ("%home%\release") do (
  if "%%a"=="JAVA_RUNTIME_VERSION" set "version=%%~b"
  if "%%a"=="IMPLEMENTOR" set "maker=%%~b"
)
set "id=%version%-%maker%"
set "id=%id:+=_%"
set "id=%id: =_%"
set "id=%id:,=_%"
set "cache=%app%\%name%-%id%"
set "startup=-Xshare:auto"
if %major% lss 25 set startup="-XX:SharedArchiveFile=%cache%.jsa" -XX:+AutoCreateSharedArchive
if %major% geq 25 if exist "%cache%.aot" set startup="-XX:AOTCache=%cache%.aot"

"%home%\bin\java.exe" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:CompileThresholdScaling=3 -XX:-UsePerfData %startup% -Xlog:disable -Xlog:all=error:stderr %GGML4J_JAVA_OPTS% -jar "%app%\%name%.jar" %*
exit /b %errorlevel%

rem Takes the JDK in a folder, unless one that is as new was found.
:consider
if not exist "%~1\bin\java.exe" exit /b 0
if not exist "%~1\release" exit /b 0
set "m=0"
for /f "usebackq tokens=1,* delims==" %%a in ("%~1\release") do if "%%a"=="JAVA_VERSION" for /f "delims=.-+" %%v in ("%%~b") do set "m=%%v"
if %m% geq %needed% if %m% gtr %major% (
  set "home=%~1"
  set "major=%m%"
)
exit /b 0
