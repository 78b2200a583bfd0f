# SPDX-License-Identifier: MIT-0
#
# a12_needs_little.sh LIBRARY: what LIBRARY calls of others is on this list, none of which is called by
# the first malloc (that it works then, test/start shows: start_ifunc_*, start_early_*). Missing are
# sysconf, pthread_once, files and anything else that might allocate or take a lock.
set -eu
LC_ALL=C
export LC_ALL
library=$1

# Copying; the constructor's: the auxiliary vector, the environment, keys and forks; stopping; reports.
allowed=' memcpy memset memmove strlen getauxval getenv environ __environ pthread_key_create pthread_key_delete
 pthread_setspecific pthread_atfork __register_atfork abort __errno_location fwrite clock_gettime
 __stack_chk_fail __cxa_finalize __libc_single_threaded '
# When a pointer is foreign, and in dlopen; when operator new fails.
allowed="$allowed dlsym dladdr _ZSt15get_new_handlerv _ZSt17__throw_bad_allocv __cxa_allocate_exception
 __cxa_throw _ZTISt9bad_alloc _ZNSt9bad_allocD1Ev _ZTVSt9bad_alloc __gmon_start__
 _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable __tls_get_addr _Unwind_Resume syscall "
failed=0
for name in $(nm -D --undefined-only "$library" | awk '{ sub(/@.*/, "", $2); print $2 }'); do
    case $(printf '%s' "$allowed" | tr '\n' ' ') in
    *" $name "*) ;;
    *)
        echo "the library needs $name"
        failed=1
        ;;
    esac
done
exit "$failed"
